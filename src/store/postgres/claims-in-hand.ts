/** What this process has claimed and not settled, as far as it knows: a claim or a settlement whose answer was lost may have been carried out. */
export class ClaimsInHand {
  /** By target: how often, for one may be claimed again before its settlement was answered. */
  readonly #counts = new Map<string, Map<string, number>>()
  /** Targets of which a claim failed. */
  readonly #doubtful = new Set<string>()
  /** Deliveries of which a settlement failed, and is said again: were they claimed meanwhile, it would be taken for a word about that attempt. */
  readonly #unsaid = new Set<string>()

  /** Whether all that was settled has been said, so that more may be claimed for the target. */
  mayClaim(target: string): boolean {
    const counts = this.#countsOf(target)
    return !this.#unsaid.values().some((id) => counts.has(id))
  }

  /** Where a claim for the target failed before: what is in hand, so that all else can be released; null = none did. */
  afterDoubt(target: string): readonly string[] | null {
    return this.#doubtful.has(target) ? [...this.#countsOf(target).keys()] : null
  }

  released(target: string): void {
    this.#doubtful.delete(target)
  }

  claimed(target: string, ids: readonly string[]): void {
    const counts = this.#countsOf(target)
    for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1)
  }

  claimFailed(target: string): void {
    this.#doubtful.add(target)
  }

  settled(ids: readonly string[]): void {
    for (const id of ids) {
      this.#unsaid.delete(id)
      for (const counts of this.#counts.values()) {
        const times = counts.get(id) ?? 0
        if (times > 1) counts.set(id, times - 1)
        else counts.delete(id)
      }
    }
  }

  settlementFailed(ids: readonly string[]): void {
    for (const id of ids) this.#unsaid.add(id)
  }

  #countsOf(target: string): Map<string, number> {
    const known = this.#counts.get(target)
    if (known !== undefined) return known
    const counts = new Map<string, number>()
    this.#counts.set(target, counts)
    return counts
  }
}
