import { createHash } from 'node:crypto'

/** All that happens in a simulated run, line by line: two runs are the same where their digests are. */
export class Trace {
  readonly #hash = createHash('sha256')
  readonly #startedAt: number
  readonly #show: ((line: string) => void) | null
  #lines = 0

  /** `show` is told of each line, by someone who looks for a fault; times are told from `startedAt` on. */
  constructor(startedAt: number, show: ((line: string) => void) | null = null) {
    this.#startedAt = startedAt
    this.#show = show
  }

  add(at: number, what: string): void {
    const line = `${((at - this.#startedAt) / 1_000).toFixed(3)} ${what}`
    this.#lines += 1
    this.#hash.update(line).update('\n')
    this.#show?.(line)
  }

  /** Of what was added so far. */
  digest(): string {
    return `${this.#lines} ${this.#hash.copy().digest('hex')}`
  }
}
