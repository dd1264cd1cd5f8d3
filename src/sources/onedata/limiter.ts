import type { Cancel, Clock } from '../../lib/clock.ts'

/** Bounds how much is asked of a provider. */
export interface Limiter {
  /** Runs `task` when a place and a token are free, first come first served. Rejects with the signal's reason when it aborts before that. */
  run<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T>
  /** Resolves when it is its turn, without taking anything: a task that is run then begins at once. Rejects with the signal's reason. */
  free(signal: AbortSignal): Promise<void>
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
  const waiting = new Set<{ readonly start: () => void; readonly weight: 0 | 1 }>()
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
    for (const place of waiting) {
      if (running >= limits.concurrency) return
      if (tokens < 1) return wakeWhenFilled()
      waiting.delete(place)
      running += place.weight
      tokens -= place.weight
      place.start()
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

  const turn = (signal: AbortSignal, weight: 0 | 1) =>
    new Promise<void>((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason)
      const abort = () => {
        waiting.delete(place)
        if (waiting.size === 0) stopWaiting()
        reject(signal.reason)
      }
      const start = () => {
        signal.removeEventListener('abort', abort)
        resolve()
      }
      const place = { start, weight }
      signal.addEventListener('abort', abort, { once: true })
      waiting.add(place)
      admit()
    })

  return {
    free: (signal) => turn(signal, 0),
    run: async (task, signal) => {
      await turn(signal, 1)
      try {
        return await task()
      } finally {
        running -= 1
        admit()
      }
    },
  }
}
