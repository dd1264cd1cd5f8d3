import type { Cancel, Clock } from '../../lib/clock.ts'

/** Bounds how much is asked of a provider. */
export interface Limiter {
  /** Runs `task` when a place and a token are free, first come first served. Rejects with the signal's reason when it aborts before that. */
  run<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T>
}

/**
 * A token bucket of one second's worth, and at most `concurrency` tasks at once. An idle second is saved up, so a burst of
 * `perSecond` requests starts at once and the average stays below the limit.
 */
export function createLimiter(
  clock: Clock,
  limits: { readonly concurrency: number; readonly perSecond: number },
): Limiter {
  const capacity = Math.max(1, limits.perSecond)
  const waiting = new Set<() => void>()
  let tokens = capacity
  let filledAt = clock.now()
  let running = 0
  let cancelTimer: Cancel | null = null

  const refill = () => {
    const now = clock.now()
    tokens = Math.min(capacity, tokens + ((now - filledAt) * limits.perSecond) / 1_000)
    filledAt = now
  }

  const admit = () => {
    refill()
    for (const start of waiting) {
      if (running >= limits.concurrency) return
      if (tokens < 1) return wakeWhenFilled()
      waiting.delete(start)
      running += 1
      tokens -= 1
      start()
    }
  }

  const wakeWhenFilled = () => {
    cancelTimer ??= clock.timer(Math.ceil(((1 - tokens) * 1_000) / limits.perSecond), () => {
      cancelTimer = null
      admit()
    })
  }

  const stopWaiting = () => {
    cancelTimer?.()
    cancelTimer = null
  }

  const place = (signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason)
      const abort = () => {
        waiting.delete(start)
        if (waiting.size === 0) stopWaiting()
        reject(signal.reason)
      }
      const start = () => {
        signal.removeEventListener('abort', abort)
        resolve()
      }
      signal.addEventListener('abort', abort, { once: true })
      waiting.add(start)
      admit()
    })

  return {
    run: async (task, signal) => {
      await place(signal)
      try {
        return await task()
      } finally {
        running -= 1
        admit()
      }
    },
  }
}
