import { StoreError } from '../../core/errors.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Lease } from '../store.ts'

interface Held {
  readonly holder: string
  readonly epoch: number
  readonly until: number
}

/** Leases between the bridges of one process. They need not be durable: the process as a whole has the table, or none of them counts. */
export class WatchLeases {
  readonly #clock: Clock
  readonly #held = new Map<string, Held>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  take(name: string, holder: string, ttlMs: number): Lease | null {
    const now = this.#clock.now()
    const held = this.#held.get(name)
    if (held !== undefined && held.holder !== holder && held.until > now) return null
    const epoch = held === undefined ? 1 : held.holder === holder ? held.epoch : held.epoch + 1
    this.#held.set(name, { holder, epoch, until: now + ttlMs })
    return { epoch }
  }

  release(name: string, holder: string): void {
    const held = this.#held.get(name)
    if (held?.holder === holder) this.#held.set(name, { ...held, until: 0 })
  }

  /** Throws `STORE_FENCED` where the lease has moved on. */
  check(name: string, epoch: number): void {
    const held = this.#held.get(name)
    if (held === undefined || held.epoch === epoch) return
    throw new StoreError('STORE_FENCED', 'Another process has taken over this watch; this one may not write any more.')
  }

  /** Whoever takes one next gets another epoch, and whoever has one and has not heard of it writes nothing more. */
  endAll(): void {
    for (const [name, { epoch }] of this.#held) this.#held.set(name, { holder: '', epoch: epoch + 1, until: 0 })
  }
}
