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
    const aborted = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
    while (this.#count === known && !signal.aborted) await Promise.race([this.#told.promise, aborted])
    return this.#count
  }
}
