import { expect, it } from 'vitest'
import type { Outcome } from '../../src/core/delivery.ts'
import { StoreError } from '../../src/core/errors.ts'
import { defaultRetry } from '../../src/core/retry.ts'
import { createDispatcher } from '../../src/delivery/dispatcher.ts'
import { silentDeliveryMeter } from '../../src/delivery/meter.ts'
import { sleep } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { anEvent } from '../support/builders.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { type Faults, faultyStore } from '../support/faulty-store.ts'

const never = new AbortController().signal
const delivered = { kind: 'delivered' } as const

/** A dispatcher that owes one delivery, in a store that turns out damaged in an operation; tells after how many milliseconds it ended, and how. */
async function aDispatcher(
  damagedIn: string,
  answer: (clock: FakeClock) => Promise<Outcome>,
  after: (operation: string, clock: FakeClock) => ReturnType<NonNullable<Faults['after']>> = () => {},
) {
  const clock = new FakeClock()
  const store = createMemoryStore(clock)
  await store.settle([], [{ event: anEvent(), targets: ['hook'] }])
  const before = (operation: string) => {
    if (operation === damagedIn) throw new StoreError('STORE_CORRUPT', 'The database is damaged.')
  }
  const target = { deliver: () => answer(clock), close: async () => {} }
  const dispatcher = createDispatcher({
    store: faultyStore(store, { before, after: (operation) => after(operation, clock) }),
    targets: new Map([['hook', { target, concurrency: 2, timeoutMs: 30_000, retry: defaultRetry }]]),
    clock,
    random: () => 0.5,
    meter: silentDeliveryMeter,
    log: silentLog,
  })
  const beganAt = clock.now()
  const ends: { readonly afterMs: number; readonly error: unknown }[] = []
  void dispatcher.run(never, never).catch((error: unknown) => ends.push({ afterMs: clock.now() - beganAt, error }))
  return { clock, dispatcher, ends }
}

it.each(['claim', 'settle'])(
  'a database that turns out damaged in a %s ends deliveries: waiting repairs nothing',
  async (where) => {
    const { clock, ends } = await aDispatcher(where, async () => delivered)

    await clock.advance(1_000)

    expect(ends).toMatchObject([{ error: { code: 'STORE_CORRUPT' } }])
  },
)

it('ends them also while nothing else is due', async () => {
  const { clock, ends } = await aDispatcher('settle', async (time) => {
    await sleep(time, 100, never)
    return delivered
  })

  await clock.advance(1_000)

  expect(ends).toMatchObject([{ afterMs: 100, error: { code: 'STORE_CORRUPT' } }])
})

it('ends them at once, though the target has asked for an hour', async () => {
  let claims = 0
  const { clock, dispatcher, ends } = await aDispatcher(
    'settle',
    async (time) => {
      await sleep(time, 30, never)
      return { kind: 'retry', reason: '429', throttled: true, retryAfterMs: 3_600_000 }
    },
    // The second claim is under way while the damage is seen.
    async (operation, time) => {
      if (operation === 'claim' && ++claims === 2) await sleep(time, 90, never)
    },
  )
  await clock.advance(10)
  dispatcher.wake(['hook'])

  await clock.advance(4_000_000)

  expect(ends).toMatchObject([{ afterMs: 100, error: { code: 'STORE_CORRUPT' } }])
})
