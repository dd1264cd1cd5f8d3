import { expect, it } from 'vitest'
import { StoreError } from '../../src/core/errors.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { aBridge, aCommandTarget } from '../support/bridge.ts'
import { anEvent } from '../support/builders.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { faultyStore } from '../support/faulty-store.ts'
import { waitFor } from '../support/wait-for.ts'

const never = new AbortController().signal

/** A bridge that owes one delivery to a command, on a store that does not answer an operation any more once that is said. */
async function aBridgeThatOwes(
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
  const bridge = aBridge({ store, clock }, { targets: new Map([['local', aCommandTarget(command, timeoutMs)]]) })
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
  const { clock, memory, stop, passes, isOver } = await aBridgeThatOwes(['sleep', '600'], {
    timeoutMs: 300_000,
    stuckIn: '',
  })
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
  const { clock, stop, passes, isOver } = await aBridgeThatOwes(['true'], { timeoutMs: 1_000, stuckIn: 'settle' })
  await passes('settle')

  stop.abort()
  await clock.advance(59_000)
  expect(isOver()).toBe(false)
  await clock.advance(20_000)

  expect(isOver()).toBe(true)
})

it('a stop does not wait for ever for what looks after the store', async () => {
  const { clock, stop, passes, isOver } = await aBridgeThatOwes(['true'], {
    timeoutMs: 1_000,
    stuckIn: 'writesByOthers',
  })
  await passes('settle')

  stop.abort()
  await clock.advance(20_000)

  await waitFor('it is over', isOver)
})

it('a store that turns out damaged while a stop waits fails the run', async () => {
  const { clock, stop, passes, failure } = await aBridgeThatOwes(['sleep', '0.2'], {
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
