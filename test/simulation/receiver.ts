import type { ClaimedDelivery, Outcome } from '../../src/core/delivery.ts'
import type { FileEvent } from '../../src/core/event.ts'
import type { Target } from '../../src/core/target.ts'
import { sleep } from '../../src/lib/clock.ts'
import type { Random } from '../../src/lib/random.ts'
import { fileEvent } from '../support/builders.ts'
import type { VirtualClock } from './virtual-clock.ts'

export interface ReceiverOptions {
  readonly clock: VirtualClock
  readonly random: Random
  /** Share of attempts that are answered with a failure, 0 to 1. */
  readonly failing: number
  readonly onReceived: (event: FileEvent, deliveryId: string) => void
}

/** A target in memory: takes a while, fails at times, and tells of what it accepted. */
export class Receiver implements Target {
  readonly #options: ReceiverOptions

  constructor(options: ReceiverOptions) {
    this.#options = options
  }

  async deliver(delivery: ClaimedDelivery, signal: AbortSignal): Promise<Outcome> {
    const { clock, random, failing, onReceived } = this.#options
    await sleep(clock, 1 + Math.floor(random() * 100), signal)
    if (random() < failing) return failure(random)
    onReceived(fileEvent(delivery.event), delivery.id)
    return { kind: 'delivered' }
  }

  async close(): Promise<void> {}
}

function failure(random: Random): Outcome {
  return random() < 0.5
    ? { kind: 'retry', reason: 'the simulation says so' }
    : { kind: 'unavailable', reason: 'the simulation says so' }
}
