import { expect, it } from 'vitest'
import { StoreError } from '../../src/core/errors.ts'
import { defaultRetry } from '../../src/core/retry.ts'
import { createDispatcher } from '../../src/delivery/dispatcher.ts'
import { silentDeliveryMeter } from '../../src/delivery/meter.ts'
import { silentLog } from '../../src/lib/log.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { anEvent } from '../support/builders.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { faultyStore } from '../support/faulty-store.ts'

it.each(['claim', 'settle'])(
  'a database that turns out damaged in a %s ends deliveries: waiting repairs nothing',
  async (where) => {
    const clock = new FakeClock()
    const store = createMemoryStore(clock)
    await store.settle([], [{ event: anEvent(), targets: ['hook'] }])
    const before = (operation: string) => {
      if (operation === where) throw new StoreError('STORE_CORRUPT', 'The database is damaged.')
    }
    const target = { deliver: async () => ({ kind: 'delivered' }) as const, close: async () => {} }
    const dispatcher = createDispatcher({
      store: faultyStore(store, { before }),
      targets: new Map([['hook', { target, concurrency: 2, timeoutMs: 30_000, retry: defaultRetry }]]),
      clock,
      random: () => 0.5,
      meter: silentDeliveryMeter,
      log: silentLog,
    })
    const never = new AbortController().signal

    const running = dispatcher.run(never, never)
    await Promise.all([expect(running).rejects.toMatchObject({ code: 'STORE_CORRUPT' }), clock.advance(1_000)])
  },
)
