/** So many ids passed over after a failure look like a gap. */
const gapIds = 100
/** So many ids in a row that were done already: the provider counts anew (its database was restored). */
const oldIds = 50

/** What the growing ids of a stream say: how far it was read, what was done already, and where something may be missing. */
export class StreamIds {
  /** Everything up to this one is in the store; null = no id was told yet. */
  stored: number | null
  readonly #suspectGap: (reason: string) => void
  #read: number | null
  #afterFailure = false
  #old = 0

  constructor(stored: number | null, suspectGap: (reason: string) => void) {
    this.stored = stored
    this.#read = stored
    this.#suspectGap = suspectGap
  }

  /** The latest that was read; it may not be stored yet. */
  get read(): number | null {
    return this.#read
  }

  /** A stream goes on behind what is stored. */
  resume(): void {
    this.#read = this.stored
  }

  /** The stream broke off, and did not just end: the provider may have forgotten what it had not told. */
  failed(): void {
    this.#afterFailure = true
  }

  /** Takes the next id in; false = what it belongs to was done already. */
  take(id: number): boolean {
    if (this.#isOld(id)) return false
    if (this.#afterFailure && this.#read !== null && id - this.#read > gapIds)
      this.#suspectGap('many ids were passed over after a failure')
    this.#afterFailure = false
    this.#read = id
    return true
  }

  /** A provider that gives nothing but old ids for a while counts anew: then they are news. */
  #isOld(id: number): boolean {
    this.#old = this.#read !== null && id <= this.#read ? this.#old + 1 : 0
    if (this.#old < oldIds) return this.#old > 0
    this.#suspectGap('the provider counts its changes anew')
    this.#old = 0
    return false
  }
}
