import { defaultRetry } from '../../src/core/retry.ts'
import type { DispatcherTarget } from '../../src/delivery/dispatcher.ts'
import type { Clock } from '../../src/lib/clock.ts'
import { defaultEgress } from '../../src/lib/egress.ts'
import { silentLog } from '../../src/lib/log.ts'
import { fixedSecret } from '../../src/lib/secret.ts'
import type { OwedEvent } from '../../src/store/store.ts'
import type { RequestThread } from '../../src/targets/http/thread/request-thread.ts'
import { webhook } from '../../src/targets/webhook/index.ts'
import { anEvent } from '../../test/support/builders.ts'

/** Enough that neither the receiver nor a thread waits for the other. */
export const concurrency = 128

/** A webhook that signs, as the benchmarks of deliveries have it. */
export function signed(url: string, clock: Clock, thread?: RequestThread): DispatcherTarget {
  const secret = () => fixedSecret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')
  const deps = {
    name: 'hook',
    clock,
    log: silentLog,
    timeoutMs: 30_000,
    concurrency,
    secret,
    egress: defaultEgress,
    thread,
  }
  const target = webhook.build({ url, secret: { env: 'UNUSED' } }, deps)
  return { target, concurrency, timeoutMs: 30_000, retry: defaultRetry }
}

/** Events named by their numbers, each about a file of its own. */
export function owedEvents(from: number, count: number, targets: readonly string[]): readonly OwedEvent[] {
  return Array.from({ length: count }, (_, index) => {
    const id = String(from + index)
    return { event: anEvent({ id, fileId: `f${id}`, path: `in/${id}` }), targets }
  })
}
