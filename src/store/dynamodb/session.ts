import { randomUUID } from 'node:crypto'
import type { Clock } from '../../lib/clock.ts'
import type { Head, Wire } from './wire.ts'

/** A holder that dies keeps the table for this long. */
export const sessionTtlMs = 60_000

/**
 * The one process that writes at a time. Who may take over is decided by the wall clocks of the machines, which may differ; that no late write counts is
 * decided by the epoch, which does not.
 */
export class Session {
  readonly #wire: Wire
  readonly #clock: Clock
  readonly #holder = randomUUID()
  #epoch: number | null = null

  constructor(wire: Wire, clock: Clock) {
    this.#wire = wire
    this.#clock = clock
  }

  /** Null = not held any more. */
  get epoch(): number | null {
    return this.#epoch
  }

  /** What a write that is under way now makes of the end of the lease. */
  get until(): number {
    return this.#clock.wall() + sessionTtlMs
  }

  /** Null where another holder has it, or a newer layout. */
  async take(): Promise<Head | null> {
    const head = await this.#wire.takeHead(this.#holder, this.#clock.wall(), this.until)
    if (head !== null) this.#epoch = head.epoch
    return head
  }

  /** Null = it is lost. */
  async keep(): Promise<Head | null> {
    if (this.#epoch === null) return null
    const head = await this.#wire.keepHead(this.#epoch, this.until)
    if (head === null) this.lose()
    return head
  }

  lose(): void {
    this.#epoch = null
  }

  async release(): Promise<void> {
    const epoch = this.#epoch
    this.#epoch = null
    if (epoch !== null) await this.#wire.keepHead(epoch, 0)
  }
}
