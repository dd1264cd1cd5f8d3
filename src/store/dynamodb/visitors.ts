import { onAbort } from '../../lib/on-abort.ts'

/** Counts how often others were seen to have written beside this process. */
export class Visitors {
  #count = 0
  #told = Promise.withResolvers<void>()

  came(): void {
    this.#count += 1
    this.#told.resolve()
    this.#told = Promise.withResolvers()
  }

  /** Resolves with another number than `known` once there is one, or with `known` when the signal aborts. */
  async since(known: number, signal: AbortSignal): Promise<number> {
    const aborted = Promise.withResolvers<void>()
    const cancel = onAbort(signal, () => aborted.resolve())
    while (this.#count === known && !signal.aborted) await Promise.race([this.#told.promise, aborted.promise])
    cancel()
    return this.#count
  }
}
