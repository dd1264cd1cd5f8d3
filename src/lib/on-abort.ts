import type { Cancel } from './clock.ts'

const waitingFor = new WeakMap<AbortSignal, Set<() => void>>()

/**
 * Calls `run`, which must not throw, when the signal aborts, until that is cancelled; not at all where it has aborted already. For signals that many wait
 * for: all of them are one listener, for a signal looks through all that it has whenever one comes or goes.
 */
export function onAbort(signal: AbortSignal, run: () => void): Cancel {
  if (signal.aborted) return () => {}
  const known = waitingFor.get(signal)
  const waiting = known ?? new Set()
  // Its own: the same function may wait twice.
  const own = () => run()
  waiting.add(own)
  if (known === undefined) {
    waitingFor.set(signal, waiting)
    signal.addEventListener('abort', callAll)
  }
  return () => {
    if (waiting.delete(own) && waiting.size === 0) letGo(signal)
  }
}

/** One for all signals: so it can be taken off by whoever is the last to go. */
function callAll(this: AbortSignal): void {
  const waiting = waitingFor.get(this) ?? []
  letGo(this)
  for (const run of waiting) run()
}

/** A signal that is made of others is kept for as long as somebody listens to it. */
function letGo(signal: AbortSignal): void {
  waitingFor.delete(signal)
  signal.removeEventListener('abort', callAll)
}
