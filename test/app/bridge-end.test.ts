import { expect, it } from 'vitest'
import { createBridge } from '../../src/app/bridge.ts'
import { StoreError } from '../../src/core/errors.ts'
import { defaultRetry } from '../../src/core/retry.ts'
import { silentLog } from '../../src/lib/log.ts'
import { fixedSecret } from '../../src/lib/secret.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { aConfig, anEvent } from '../support/builders.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { faultyStore } from '../support/faulty-store.ts'
import { waitFor } from '../support/wait-for.ts'

const never = new AbortController().signal

/** A bridge that owes one delivery to a command, on a store that does not answer an operation any more once that is said. */
async function aBridge(
  command: readonly string[],
  { timeoutMs, stuckIn, damagedIn = '' }: { timeoutMs: number; stuckIn: string; damagedIn?: string },
) {
  const clock = new FakeClock()
  const memory = createMemoryStore(clock)
  await memory.settle([], [{ event: anEvent(), targets: ['local'] }])
  const seen: string[] = []
  const store = faultyStore(memory, {
    before: async (operation) => {
      seen.push(operation)
      if (operation === damagedIn) throw new StoreError('STORE_CORRUPT', 'The database is damaged.')
      if (operation === stuckIn) await new Promise(() => {})
    },
  })
  const { meters } = createMetrics({ store, clock, parts: () => ({}), version: 'test' })
  const named = { type: 'exec', options: { command }, concurrency: 1, perSecond: null }
  const local = { ...named, timeoutMs, retry: defaultRetry, disableAfterMs: null }
  const bridge = createBridge(aConfig({ targets: new Map([['local', local]]) }), {
    ...{ store, clock, meters, log: silentLog, random: () => 0.5, holder: 'me', isReload: false },
    secret: () => fixedSecret('none'),
  })
  const stop = new AbortController()
  let isOver = false
  let failure: unknown = null
  const failed = (error: unknown) => {
    failure = error
  }
  void bridge.run(stop.signal, never).then(() => {
    isOver = true
  }, failed)
  const passes = (operation: string) =>
    waitFor(`the store is asked to ${operation}`, async () => {
      await clock.advance(10)
      return seen.includes(operation)
    })
  return { clock, memory, stop, passes, isOver: () => isOver, failure: () => failure }
}

it('a stop waits for as long as an attempt may take', async () => {
  const { clock, memory, stop, passes, isOver } = await aBridge(['sleep', '600'], { timeoutMs: 300_000, stuckIn: '' })
  await passes('claim')

  stop.abort()
  await clock.advance(290_000)
  expect(isOver()).toBe(false)
  await clock.advance(10_000)

  await waitFor('it is over', isOver)
  expect(await memory.deliveries({ limit: 1 })).toMatchObject([
    { state: 'owed', attempts: 1, lastReason: 'the command did not end in time' },
  ])
})

it('a stop does not wait for ever for a store that does not answer', async () => {
  const { clock, stop, passes, isOver } = await aBridge(['true'], { timeoutMs: 1_000, stuckIn: 'settle' })
  await passes('settle')

  stop.abort()
  await clock.advance(59_000)
  expect(isOver()).toBe(false)
  await clock.advance(20_000)

  expect(isOver()).toBe(true)
})

it('a stop does not wait for ever for what looks after the store', async () => {
  const { clock, stop, passes, isOver } = await aBridge(['true'], { timeoutMs: 1_000, stuckIn: 'writesByOthers' })
  await passes('settle')

  stop.abort()
  await clock.advance(20_000)

  await waitFor('it is over', isOver)
})

it('a store that turns out damaged while a stop waits fails the run', async () => {
  const { clock, stop, passes, failure } = await aBridge(['sleep', '0.2'], {
    timeoutMs: 300_000,
    stuckIn: '',
    damagedIn: 'settle',
  })
  await passes('claim')

  stop.abort()

  await waitFor('it is over', async () => {
    await clock.advance(10)
    return failure()
  })
  expect(failure()).toMatchObject({ code: 'STORE_CORRUPT' })
})
