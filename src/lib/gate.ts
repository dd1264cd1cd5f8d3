/** Holds back whoever comes while it is closed. */
export class Gate {
  readonly #waiting = new Set<() => void>()
  #isOpen = false

  open(): void {
    this.#isOpen = true
    for (const pass of this.#waiting) pass()
  }

  close(): void {
    this.#isOpen = false
  }

  /** Resolves as soon as it is open; rejects with the signal's reason when that aborts before. */
  passed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason)
      if (this.#isOpen) return resolve()
      const leave = () => {
        this.#waiting.delete(pass)
        signal.removeEventListener('abort', abort)
      }
      const pass = () => {
        leave()
        resolve()
      }
      const abort = () => {
        leave()
        reject(signal.reason)
      }
      this.#waiting.add(pass)
      signal.addEventListener('abort', abort, { once: true })
    })
  }
}
