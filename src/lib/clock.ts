/** Ends a timer; calling it again, or after the timer ran, does nothing. */
export type Cancel = () => void

/** Time as an argument: everything that waits or compares times gets one of these. */
export interface Clock {
  /**
   * Whole milliseconds since the epoch, for decisions. Starts at the machine's time and then follows its monotonic clock, so that it
   * never jumps inside one process, whatever is done to the machine's clock.
   */
  now(): number
  /** The machine's wall clock as it is this moment, for time stamps that leave the process. May jump. */
  wall(): number
  /** Runs once, `delayMs` from now (0 or less: as soon as possible). Delays beyond 24 days are kept whole. Keeps the process alive. */
  timer(delayMs: number, run: () => void): Cancel
}

/** The longest delay one Node timer holds; longer ones are chained. */
const longestTimerMs = 2_147_483_647

export function createSystemClock(): Clock {
  const offset = Date.now() - performance.now()
  return {
    now: () => Math.floor(offset + performance.now()),
    wall: () => Date.now(),
    timer: (delayMs, run) => {
      let handle: NodeJS.Timeout
      const arm = (leftMs: number) => {
        const stepMs = Math.min(Math.max(leftMs, 0), longestTimerMs)
        handle = setTimeout(() => (leftMs > stepMs ? arm(leftMs - stepMs) : run()), stepMs)
      }
      arm(delayMs)
      return () => clearTimeout(handle)
    },
  }
}

/** Resolves after `delayMs` on `clock`, rejects with the signal's reason when that comes first. */
export function sleep(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const abort = () => {
      cancel()
      reject(signal.reason)
    }
    const cancel = clock.timer(delayMs, () => {
      signal.removeEventListener('abort', abort)
      resolve()
    })
    signal.addEventListener('abort', abort, { once: true })
  })
}
