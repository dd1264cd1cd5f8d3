import { expect, onTestFinished, test } from 'vitest'
import { Connections } from '../../../src/targets/http/connections.ts'
import type { Answered } from '../../../src/targets/http/exchange.ts'
import type { RequestTaker } from '../../../src/targets/http/line.ts'
import { startReceiver } from '../../support/receiver.ts'
import { targetDeps } from '../../support/target-deps.ts'

/** Notes what it is asked and told. */
function aTaker(takes: boolean) {
  const told: unknown[] = []
  const answered: Answered = { status: 299, headers: {}, body: Buffer.alloc(0), isWhole: true }
  const taker: RequestTaker = {
    takes: () => takes,
    exchange: async (plan, { path }) => {
      told.push(['exchange', plan.origin, path])
      return answered
    },
    leave: (plan, breakOff) => told.push(['leave', plan.origin, breakOff]),
  }
  return { told, taker }
}

async function post(connections: Connections, url: string): Promise<number> {
  const { clock } = targetDeps()
  const bounds = { signal: new AbortController().signal, clock, until: clock.now() + 10_000, mostBytes: 1_024 }
  const { origin, pathname } = new URL(url)
  const line = connections.to(new URL(url))
  const { status } = await line.exchange({ origin, method: 'POST', path: pathname, body: '{"Key":"a"}' }, bounds)
  return status
}

test('requests are made by whoever takes them, and by this thread where nobody does', async () => {
  const receiver = await startReceiver()
  const [willing, unwilling] = [aTaker(true), aTaker(false)]
  for (const [{ taker }, status] of [
    [willing, 299],
    [unwilling, 204],
  ] as const) {
    const connections = new Connections({}, targetDeps({ thread: taker }))
    onTestFinished(() => connections.close())
    expect(await post(connections, receiver.url)).toBe(status)
  }
  expect(willing.told).toEqual([['exchange', new URL(receiver.url).origin, '/events']])
  expect(unwilling.told).toEqual([])
  expect(receiver.attempts).toBe(1)
})

test('whoever makes requests hears which connections are left, and how', async () => {
  const { told, taker } = aTaker(true)
  const connections = new Connections({}, targetDeps({ thread: taker }))
  await post(connections, 'http://one.test/')
  await post(connections, 'http://two.test/')

  await connections.close()

  expect(told).toEqual([
    ['exchange', 'http://one.test', '/'],
    ['leave', 'http://one.test', false],
    ['exchange', 'http://two.test', '/'],
    ['leave', 'http://two.test', true],
  ])
})
