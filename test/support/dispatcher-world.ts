import { onTestFinished } from 'vitest'
import type { ClaimedDelivery, Job, Outcome } from '../../src/core/delivery.ts'
import type { NoticeType } from '../../src/core/event.ts'
import { defaultRetry } from '../../src/core/retry.ts'
import type { Target } from '../../src/core/target.ts'
import { createDispatcher, type Dispatcher, type DispatcherTarget } from '../../src/delivery/dispatcher.ts'
import { silentDeliveryMeter } from '../../src/delivery/meter.ts'
import { Notices } from '../../src/delivery/notices.ts'
import { type Log, silentLog } from '../../src/lib/log.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import type { Store } from '../../src/store/store.ts'
import { anEvent } from './builders.ts'
import { FakeClock } from './fake-clock.ts'

/** A target that answers as told, and how the dispatcher is to treat it. */
export interface ToldTarget extends Partial<Omit<DispatcherTarget, 'target'>> {
  readonly answer: (delivery: ClaimedDelivery, signal: AbortSignal) => Outcome | Promise<Outcome>
  readonly longestAttemptMs?: number
  readonly follow?: (jobs: readonly Job[]) => Promise<readonly Job[]>
}

export interface DispatcherWorldOptions {
  readonly targets: Readonly<Record<string, ToldTarget>>
  readonly notices?: { readonly events: readonly NoticeType[]; readonly deliver: readonly string[] }
  readonly clock?: FakeClock
  readonly store?: Store
  readonly log?: Log
  readonly isShortRun?: boolean
}

/** An attempt, and when it began. */
export interface SeenAttempt extends ClaimedDelivery {
  readonly at: number
}

/** A dispatcher on a memory store in virtual time. */
export class DispatcherWorld {
  readonly clock: FakeClock
  readonly store: Store
  readonly dispatcher: Dispatcher
  readonly attempts: SeenAttempt[] = []
  readonly #stop = new AbortController()
  readonly #abort = new AbortController()
  readonly #running: Promise<void>
  #owed = 0

  constructor({
    targets,
    notices,
    clock = new FakeClock(),
    store = createMemoryStore(clock),
    log = silentLog,
    isShortRun = false,
  }: DispatcherWorldOptions) {
    this.clock = clock
    this.store = store
    this.dispatcher = createDispatcher({
      store,
      clock,
      targets: new Map(Object.entries(targets).map(([name, told]) => [name, this.#target(told)])),
      random: () => 0.5,
      meter: silentDeliveryMeter,
      log,
      isShortRun,
      ...(notices === undefined ? {} : { notices: new Notices(notices) }),
    })
    this.#running = this.dispatcher.run(this.#stop.signal, this.#abort.signal)
    onTestFinished(() => this.stop())
  }

  /** Owes that many events of different files to each of these targets, and wakes them. */
  async owe(count: number, ...targets: string[]): Promise<void> {
    const events = Array.from({ length: count }, () => {
      const number = this.#owed++
      return { event: anEvent({ id: `evt_${number}`, fileId: `f${number}` }), targets }
    })
    await this.store.settle([], events)
    this.dispatcher.wake(targets)
  }

  attemptsOf(target: string): readonly SeenAttempt[] {
    return this.attempts.filter((attempt) => attempt.target === target)
  }

  async stop(): Promise<void> {
    this.#abort.abort()
    await this.drain()
  }

  /** Stops it; what is under way may end. */
  async drain(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  #target({ answer, follow, longestAttemptMs, ...treated }: ToldTarget): DispatcherTarget {
    const target: Target = {
      deliver: async (delivery, signal) => {
        this.attempts.push({ ...delivery, at: this.clock.now() })
        return answer(delivery, signal)
      },
      ...(follow === undefined ? {} : { follow }),
      ...(longestAttemptMs === undefined ? {} : { longestAttemptMs }),
      close: async () => {},
    }
    return { target, concurrency: 4, timeoutMs: 30_000, retry: defaultRetry, ...treated }
  }
}
