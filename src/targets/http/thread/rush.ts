/** Says whether requests are many: from the moment on when there were `many` within a second, until there were none such for `calmMs`. */
export class Rush {
  readonly #many: number
  readonly #calmMs: number
  #second = { since: Number.NEGATIVE_INFINITY, count: 0 }
  #lastAt = Number.NEGATIVE_INFINITY

  constructor(many: number, calmMs: number) {
    this.#many = many
    this.#calmMs = calmMs
  }

  /** Counts one, and says so of this moment. */
  one(now: number): boolean {
    if (now - this.#second.since >= 1_000) this.#second = { since: now, count: 0 }
    this.#second.count += 1
    if (this.#second.count >= this.#many) this.#lastAt = now
    return this.isOn(now)
  }

  isOn(now: number): boolean {
    return now - this.#lastAt < this.#calmMs
  }
}
