import type { ClaimedDelivery, Outcome, RetryPolicy } from '../core/delivery.ts'
import type { PartHealth } from '../core/source.ts'
import type { Target } from '../core/target.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Random } from '../lib/random.ts'
import type { Store } from '../store/store.ts'
import type { DeliveryMeter } from './meter.ts'
import { type Notices, noNotices } from './notices.ts'
import { TargetLane } from './target-lane.ts'

/** A target and how it is to be treated. */
export interface DispatcherTarget {
  readonly target: Target
  /** Most attempts under way at once. */
  readonly concurrency: number
  readonly timeoutMs: number
  readonly retry: RetryPolicy
  /** Most attempts that begin in a second, evenly spread; null = as fast as it goes. */
  readonly perSecond?: number | null
  /** Taken out of service when nothing got through for so long; null = never. */
  readonly disableAfterMs?: number | null
}

/** One attempt that ended, for those who watch. */
export interface DeliveryProgress {
  readonly delivery: ClaimedDelivery
  readonly outcome: Outcome
}

export interface DispatcherOptions {
  readonly store: Store
  readonly targets: ReadonlyMap<string, DispatcherTarget>
  readonly clock: Clock
  readonly random: Random
  readonly meter: DeliveryMeter
  readonly log: Log
  /** What is told of targets and deliveries that fail; absent: nobody. */
  readonly notices?: Notices
  readonly onProgress?: (progress: DeliveryProgress) => void
  /** It soon ends: jobs are looked at once, at its beginning. */
  readonly isShortRun?: boolean
  /** It follows another one in this process: what is claimed may still be under way there, or its outcome not be written yet. */
  readonly isReload?: boolean
}

export interface Dispatcher {
  /**
   * Delivers what is owed until `stop` aborts; then claims nothing more, hands back what was not sent, and waits for the attempts under way.
   * `abort` breaks those off too: they stay owed. One slow or dead target never slows another. Rejects for a damaged store (`STORE_CORRUPT`).
   */
  run(stop: AbortSignal, abort: AbortSignal): Promise<void>
  /** Something new is owed to these targets. */
  wake(targets: readonly string[]): void
  health(target: string): PartHealth
}

export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const wake = (targets: readonly string[]) => {
    for (const name of targets) lanes.get(name)?.wake()
  }
  const laneOptions = { notices: noNotices, ...options, onOwed: wake }
  const lanes = new Map<string, TargetLane>()
  for (const [name, target] of options.targets) lanes.set(name, new TargetLane(name, target, laneOptions))
  return {
    run: async (stop, abort) => {
      if (options.isReload !== true) await options.store.releaseClaims()
      await Promise.all([...lanes.values()].map((lane) => lane.run(stop, abort)))
    },
    wake,
    health: (target) =>
      lanes.get(target)?.health() ?? { ok: false, since: options.clock.wall(), detail: 'there is no such target' },
  }
}
