import { isBeyondWaiting, StoreError } from '../core/errors.ts'
import type { PartHealth } from '../core/source.ts'
import { type Clock, sleep } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'

const shortestWaitMs = 1_000
const longestWaitMs = 30_000

/** Tries again until the store answers (a full disk is freed some day), and shows that meanwhile nothing is taken in. */
export class StorePatience {
  readonly #clock: Clock
  readonly #log: Log
  #health: PartHealth

  constructor(clock: Clock, log: Log) {
    this.#clock = clock
    this.#log = log
    this.#health = { ok: true, since: clock.wall(), detail: 'taking in' }
  }

  health(): PartHealth {
    return this.#health
  }

  /** Rejects when waiting is of no use: another process has taken over, the database is damaged, the signal aborts. */
  async until<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
    for (let waitMs = shortestWaitMs; ; waitMs = Math.min(waitMs * 2, longestWaitMs)) {
      try {
        const answer = await ask()
        this.#recover()
        return answer
      } catch (error) {
        if (!(error instanceof StoreError) || error.code === 'STORE_FENCED' || isBeyondWaiting(error)) throw error
        this.#suffer(error)
        await sleep(this.#clock, waitMs, signal)
      }
    }
  }

  #recover(): void {
    if (this.#health.ok) return
    this.#log.info({}, 'the store works again; taking in')
    this.#health = { ok: true, since: this.#clock.wall(), detail: 'taking in' }
  }

  #suffer({ code, message }: StoreError): void {
    if (this.#health.ok)
      this.#log.error({ code, reason: message }, 'the store fails; nothing is taken in until it works again')
    this.#health = { ok: false, since: this.#health.ok ? this.#clock.wall() : this.#health.since, detail: message }
  }
}
