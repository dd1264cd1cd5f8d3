import type { Settlement } from '../core/delivery.ts'
import { isBeyondWaiting } from '../core/errors.ts'
import { type Clock, sleep } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { OwedEvent, Store } from '../store/store.ts'

/** After a store that does not answer. */
const storeRetryMs = 1_000
/** Outcomes wait at most this long for the next claim, with which they share a transaction. */
const patienceMs = 25
const never = new AbortController().signal

export interface SettlerOptions {
  readonly target: string
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  /** Whether a claim will come soon, so that waiting for it holds up nothing. */
  readonly isClaimNear: () => boolean
  /** Events for these targets have become durable. */
  readonly onOwed: (targets: readonly string[]) => void
}

/** Writes down what became of attempts: what ends while one write is under way goes into the next together. It gives up on a damaged store only. */
export class Settler {
  readonly #options: SettlerOptions
  #settlements: Settlement[] = []
  #owed: OwedEvent[] = []
  #writing: Promise<void> | null = null
  #hurry: () => void = () => {}

  constructor(options: SettlerOptions) {
    this.#options = options
  }

  get isIdle(): boolean {
    return this.#writing === null
  }

  /** Resolves when it is durable, with the events that follow from it. Rejects with `STORE_CORRUPT`. */
  settle(settlements: readonly Settlement[], owed: readonly OwedEvent[] = []): Promise<void> {
    this.#settlements.push(...settlements)
    this.#owed.push(...owed)
    this.#writing ??= this.#write()
    return this.#writing
  }

  /** A claim is made now: what waits goes with it. */
  hurry(): void {
    this.#hurry()
  }

  async #write(): Promise<void> {
    // What ends in the same turn is written together.
    await Promise.resolve()
    try {
      while (this.#settlements.length > 0 || this.#owed.length > 0) {
        if (this.#owed.length === 0 && this.#options.isClaimNear()) await this.#claimMade()
        await this.#writeWaiting()
      }
    } finally {
      // At once: what ends before others see that this is over begins a write of its own.
      this.#writing = null
    }
  }

  async #writeWaiting(): Promise<void> {
    const { store, clock, log, target, onOwed } = this.#options
    const [settlements, owed] = [this.#settlements.splice(0), this.#owed.splice(0)]
    try {
      await store.settle(settlements, owed)
      if (owed.length > 0) onOwed([...new Set(owed.flatMap(({ targets }) => targets))])
    } catch (error) {
      if (isBeyondWaiting(error)) throw error
      log.error({ target, err: error }, 'what became of deliveries could not be stored; trying again')
      this.#settlements.unshift(...settlements)
      this.#owed.unshift(...owed)
      await sleep(clock, storeRetryMs, never)
    }
  }

  #claimMade(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        cancel()
        this.#hurry = () => {}
        resolve()
      }
      const cancel = this.#options.clock.timer(patienceMs, done)
      this.#hurry = done
    })
  }
}
