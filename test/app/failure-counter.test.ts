import { expect, it } from 'vitest'
import { FailureCounter } from '../../src/app/failure-counter.ts'
import { silentSourceMeter } from '../../src/sources/define.ts'

/** How a counter ended; 'counts' while it goes on. */
async function outcomeOf({ exceeded }: FailureCounter): Promise<string> {
  const told = exceeded.catch((error: unknown) => String(error))
  return Promise.race([told, new Promise<string>((resolve) => setImmediate(() => resolve('counts')))])
}

it('gives up a source that fails so often in a row, while another one works', async () => {
  const counter = new FailureCounter(3)
  const [dead, alive] = [counter.watching('dead', silentSourceMeter), counter.watching('alive', silentSourceMeter)]

  for (const status of ['error', 503] as const) {
    dead.call('GET /spaces', status)
    alive.call('GET /spaces', 200)
  }
  expect(await outcomeOf(counter)).toBe('counts')
  dead.call('GET /spaces', 401)

  expect(await outcomeOf(counter)).toContain('"dead" failed 3 times in a row')
})

it('begins anew with each answer, and sees no failure in what a request is refused for', async () => {
  const counter = new FailureCounter(2)
  const meter = counter.watching('hub', silentSourceMeter)

  for (const status of ['error', 200, 503, 404, 500, 403] as const) meter.call('GET /spaces', status)

  expect(await outcomeOf(counter)).toBe('counts')
})

it('goes on for ever without a limit', async () => {
  const counter = new FailureCounter(null)
  const meter = counter.watching('hub', silentSourceMeter)

  for (let count = 0; count < 100; count++) meter.call('GET /spaces', 'error')

  expect(await outcomeOf(counter)).toBe('counts')
})
