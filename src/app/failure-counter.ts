import { SourceError } from '../core/errors.ts'
import type { SourceMeter } from '../sources/define.ts'

/** Counts failed requests in a row, for `exitAfterFailures`: those of each source by themselves, for one that works does not make up for another. */
export class FailureCounter {
  /** Rejects once a source has failed so often; never where there is no limit. */
  readonly exceeded: Promise<never>
  readonly #limit: number | null
  #exceed: (error: SourceError) => void = () => {}

  constructor(limit: number | null) {
    this.#limit = limit
    this.exceeded = new Promise<never>((_, reject) => {
      this.#exceed = reject
    })
    this.exceeded.catch(() => {})
  }

  /** Counts beside the meter of a source. */
  watching(source: string, meter: SourceMeter): SourceMeter {
    let inARow = 0
    return {
      ...meter,
      call: (route, status) => {
        meter.call(route, status)
        inARow = status === 'error' || status === 401 || status >= 500 ? inARow + 1 : 0
        if (this.#limit !== null && inARow >= this.#limit) this.#exceed(giveUp(source, inARow))
      },
    }
  }
}

function giveUp(source: string, times: number): SourceError {
  return new SourceError(
    'SOURCE_UNREACHABLE',
    `The provider of source "${source}" failed ${times} times in a row; giving up as asked for.`,
  )
}
