import type { Clock } from '../lib/clock.ts'

/** The one timer: sleeps until a time that may still be moved. */
export class Alarm {
  readonly #clock: Clock
  #wake: () => void = () => {}

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Resolves at `time` (null = never by itself), when it rings, or when the signal aborts. One waits at a time. */
  until(time: number | null, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        cancel()
        signal.removeEventListener('abort', done)
        this.#wake = () => {}
        resolve()
      }
      const cancel = time === null ? () => {} : this.#clock.timer(time - this.#clock.now(), done)
      this.#wake = done
      signal.addEventListener('abort', done, { once: true })
      if (signal.aborted) done()
    })
  }

  /** Whoever waits looks anew what there is to do. */
  ring(): void {
    this.#wake()
  }
}
