/** One request as the simulator saw it. */
export interface RequestRecord {
  /** Milliseconds on the simulator's clock. */
  readonly at: number
  readonly method: string
  /** As on the wire, with the query. */
  readonly url: string
  /** `GET /api/v3/oneprovider/data/{id}`; `unknown` where there is no such route. */
  readonly route: string
  /** Null while there is no answer. */
  readonly status: number | null
}

/** How many of the last requests are kept one by one; counts are kept of all. */
const keptRequests = 10_000

/** What was asked, for tests that count requests. */
export class RequestLog {
  readonly #counts = new Map<string, number>()
  #records: RequestRecord[] = []

  /** The last ones, oldest first. */
  get records(): readonly RequestRecord[] {
    return this.#records
  }

  /** How often each route was asked, by `METHOD template`. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts
  }

  get total(): number {
    let sum = 0
    for (const count of this.#counts.values()) sum += count
    return sum
  }

  clear(): void {
    this.#records = []
    this.#counts.clear()
  }

  /** For the server. Returns what to call with the status. */
  add(record: Omit<RequestRecord, 'status'>): (status: number) => void {
    const kept: { -readonly [Key in keyof RequestRecord]: RequestRecord[Key] } = { ...record, status: null }
    this.#counts.set(record.route, (this.#counts.get(record.route) ?? 0) + 1)
    this.#records.push(kept)
    if (this.#records.length >= 2 * keptRequests) this.#records = this.#records.slice(-keptRequests)
    return (status) => {
      kept.status = status
    }
  }
}
