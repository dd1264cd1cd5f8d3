const [shortestPauseMs, longestPauseMs] = [1_000, 60_000]
/** Gaps further apart than this have nothing to do with each other. */
const apartMs = 2 * longestPauseMs

/**
 * When everything may be listed again for a suspected gap: at once; but a stream that says with each event what nobody understands must not have everything
 * listed with each. Listings that follow each other closely wait 1 s, 2 s, 4 s... after the one before, up to a minute.
 */
export class GapPace {
  #lastAt = Number.NEGATIVE_INFINITY
  #pauseMs = 0

  /** Milliseconds on our clock. */
  get opensAt(): number {
    return this.#lastAt + this.#pauseMs
  }

  /** A listing for a gap begins now. */
  note(now: number): void {
    const isSoon = now - this.#lastAt < apartMs
    this.#pauseMs = isSoon ? Math.min(2 * this.#pauseMs, longestPauseMs) : shortestPauseMs
    this.#lastAt = now
  }
}
