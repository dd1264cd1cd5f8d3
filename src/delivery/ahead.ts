import type { ClaimedDelivery } from '../core/delivery.ts'

/**
 * A quick target is served from few large transactions: what it took in the last moments is claimed beyond the free slots, so that it never waits for the
 * store. A slow target takes nothing in that time, and nothing is claimed for it that cannot leave at once.
 */

/** What the target took in four times the time of a claim lies ready, but in no less and no more than this. */
const [claims, shortestMs, longestMs] = [4, 25, 250]
/** At most so many times what may be under way at once. */
const mostTimes = 8
/** Whatever lay ready for longer is handed back: its claim has to outlast the attempt. */
const staleAfterMs = 10_000

interface Ready {
  readonly delivery: ClaimedDelivery
  readonly claimedAt: number
}

/** Deliveries that are claimed and wait for a free slot, oldest first. */
export class Ahead {
  readonly #most: number
  #ready: Ready[] = []
  #spanMs = shortestMs
  #window = { since: Number.NEGATIVE_INFINITY, count: 0, before: 0 }

  constructor(concurrency: number) {
    this.#most = mostTimes * concurrency
  }

  get size(): number {
    return this.#ready.length
  }

  /** How many may lie ready. */
  allowed(now: number): number {
    const { count, before } = this.#counted(0, now)
    return Math.min(Math.max(count, before), this.#most)
  }

  /** How long the store took to hand out the last ones. */
  claimTook(ms: number): void {
    this.#spanMs = Math.min(Math.max(claims * ms, shortestMs), longestMs)
  }

  /** An attempt ended. */
  ended(now: number): void {
    this.#window = this.#counted(1, now)
  }

  add(claimed: readonly ClaimedDelivery[], now: number): void {
    for (const delivery of claimed) this.#ready.push({ delivery, claimedAt: now })
  }

  /** Takes out up to `count` of them. */
  take(count: number): ClaimedDelivery[] {
    return this.#ready.splice(0, count).map(({ delivery }) => delivery)
  }

  /** Takes out what has lain for too long. */
  takeStale(now: number): ClaimedDelivery[] {
    const oldest = this.#ready[0]
    if (oldest === undefined || now - oldest.claimedAt < staleAfterMs) return []
    const fresh = this.#ready.findIndex(({ claimedAt }) => now - claimedAt < staleAfterMs)
    return this.take(fresh < 0 ? this.#ready.length : fresh)
  }

  #counted(more: number, now: number) {
    const { since, count, before } = this.#window
    const elapsed = now - since
    if (elapsed < this.#spanMs) return { since, count: count + more, before }
    return { since: now, count: more, before: elapsed < 2 * this.#spanMs ? count : 0 }
  }
}
