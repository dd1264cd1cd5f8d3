import { WatchRunner } from '../../src/app/watch-runner.ts'
import { defaultRetry } from '../../src/core/retry.ts'
import type { Source } from '../../src/core/source.ts'
import type { Target } from '../../src/core/target.ts'
import type { Trigger } from '../../src/core/trigger.ts'
import { createDispatcher } from '../../src/delivery/dispatcher.ts'
import { silentDeliveryMeter } from '../../src/delivery/meter.ts'
import type { Log } from '../../src/lib/log.ts'
import type { Random } from '../../src/lib/random.ts'
import { silentPipelineMeter } from '../../src/pipeline/meter.ts'
import type { Store } from '../../src/store/store.ts'
import type { VirtualClock } from './virtual-clock.ts'

export interface BridgeParts {
  readonly clock: VirtualClock
  readonly random: Random
  readonly log: Log
  readonly store: Store
  readonly source: Source
  readonly trigger: Trigger
  readonly target: Target
  readonly concurrency: number
}

/** The parts of `src/app/bridge.ts` around one space and one target, as one life of the process. */
export class SimulatedBridge {
  readonly #parts: BridgeParts
  readonly #stop = new AbortController()
  readonly #running: Promise<unknown>

  constructor(parts: BridgeParts) {
    const { clock, random, log, store, source, trigger, target, concurrency } = parts
    this.#parts = parts
    const treated = { target, concurrency, timeoutMs: 30_000, retry: defaultRetry }
    const targets = new Map(trigger.deliver.map((name) => [name, treated]))
    const dispatcher = createDispatcher({ store, targets, clock, random, log, meter: silentDeliveryMeter })
    const runner = new WatchRunner({
      sourceName: trigger.source,
      source,
      space: trigger.space,
      triggers: [trigger],
      store,
      holder: 'simulated',
      mayGiveUp: false,
      clock,
      log,
      meter: silentPipelineMeter,
      onOwed: (names) => dispatcher.wake(names),
      onSpace: () => {},
    })
    this.#running = Promise.all([
      runner.run(this.#stop.signal),
      dispatcher.run(this.#stop.signal, new AbortController().signal),
    ])
    // Told by `stop`.
    this.#running.catch(() => {})
  }

  /** Ends this life; rejects where it had ended with a failure. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error('stopped by the simulation'))
    await this.#parts.clock.finish(this.#running)
    await this.#parts.source.close()
  }
}
