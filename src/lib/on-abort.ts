import type { Cancel } from './clock.ts'

const heeded = new WeakMap<AbortSignal, Set<() => void>>()

/**
 * Calls `run` when the signal aborts, until that is cancelled; not at all where it has aborted already. For signals that many wait for: all of them are one
 * listener, for a signal looks through all that it has whenever one comes or goes.
 */
export function onAbort(signal: AbortSignal, run: () => void): Cancel {
  const waiting = heeded.get(signal) ?? heed(signal)
  // Its own: the same function may wait twice.
  const own = () => run()
  waiting.add(own)
  return () => void waiting.delete(own)
}

function heed(signal: AbortSignal): Set<() => void> {
  const waiting = new Set<() => void>()
  heeded.set(signal, waiting)
  const abort = () => {
    for (const run of waiting) run()
    waiting.clear()
  }
  signal.addEventListener('abort', abort, { once: true })
  return waiting
}
