/** So many ids passed over after a failure look like a gap. */
const gapIds = 100
/** So many ids in a row that were done already: the provider counts anew (its database was restored). */
const oldIds = 50

/**
 * What the growing ids of a stream say: how far it was read, what was done already, and where something may be missing.
 *
 * A stream that is opened while another is still read tells again what that one told since:
 *
 *   below `asked`      old; so many in a row, and the provider counts anew
 *   `asked` to `read`  old, but only until the first id above: told again
 *   above `read`       news
 */
export class StreamIds {
  /** Everything up to this one is in the store; null = no id was told yet. */
  stored: number | null
  readonly #suspectGap: (reason: string) => void
  #read: number | null
  /** What the latest stream was asked to go on behind. */
  #asked: number | null
  /** From this one on, ids up to `#read` are told again; infinity = the stream is past that. */
  #repeatsFrom = Number.POSITIVE_INFINITY
  #afterFailure = false
  #old = 0

  constructor(stored: number | null, suspectGap: (reason: string) => void) {
    this.stored = stored
    this.#read = stored
    this.#asked = stored
    this.#suspectGap = suspectGap
  }

  /** The latest that was read; it may not be stored yet. */
  get read(): number | null {
    return this.#read
  }

  /** Gives the id that a stream is to be asked to go on behind; null = from now on. */
  ask(): number | null {
    this.#asked = this.stored
    return this.#asked
  }

  /** The stream that was asked for last is read from here on: it goes on behind what is stored by now. */
  resume(): void {
    this.#read = this.stored
    this.#repeatsFrom = this.#asked ?? 0
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
    if (this.#read === null || id > this.#read) {
      this.#old = 0
      this.#repeatsFrom = Number.POSITIVE_INFINITY
      return false
    }
    if (id >= this.#repeatsFrom) return true
    this.#old += 1
    if (this.#old < oldIds) return true
    this.#suspectGap('the provider counts its changes anew')
    this.#old = 0
    return false
  }
}
