/*
 *   closed ── `unavailable`, again and again, and nothing gets through ──▶ open ── a probe gets an answer ──▶ closed
 *                                                                          │ ▲
 *                                                                          └─┘ a probe fails: the next one waits twice as long, up to a minute
 */

/** Whether a target is believed to work. Pure: every function gives the next state. */
export interface Breaker {
  readonly state: 'closed' | 'open'
  /** Since when it is in this state, milliseconds since the epoch. */
  readonly since: number
  /** Failures of the whole target in a row. */
  readonly failures: number
  /** While open: when the next probe may go. */
  readonly probeAt: number
  /** While open, or after a failure: why. */
  readonly reason: string | null
  /** When something last got through; null = never yet. */
  readonly lastSuccessAt: number | null
}

/** One failure never opens it. */
const failuresToOpen = 3
const shortestProbeMs = 1_000
const longestProbeMs = 60_000

export function closedBreaker(now: number): Breaker {
  return { state: 'closed', since: now, failures: 0, probeAt: now, reason: null, lastSuccessAt: null }
}

/** Something got an answer that is about the event, not about the target. */
export function breakerAfterAnswer(breaker: Breaker, now: number): Breaker {
  return {
    state: 'closed',
    since: breaker.state === 'closed' ? breaker.since : now,
    failures: 0,
    probeAt: now,
    reason: null,
    lastSuccessAt: now,
  }
}

/** The target as a whole did not work. `random` in [0, 1) spreads the probes of many processes. */
export function breakerAfterUnavailable(breaker: Breaker, reason: string, now: number, random: number): Breaker {
  const failures = breaker.failures + 1
  const opens = breaker.state === 'open' || failures >= failuresToOpen
  const delay = Math.min(shortestProbeMs * 2 ** Math.max(failures - failuresToOpen, 0), longestProbeMs)
  return {
    ...breaker,
    state: opens ? 'open' : 'closed',
    since: opens && breaker.state === 'closed' ? now : breaker.since,
    failures,
    probeAt: Math.round(now + delay * (0.8 + 0.2 * random)),
    reason,
  }
}

/** How many attempts may be under way: all of them, or one probe when its time has come. */
export function allowedInFlight(breaker: Breaker, concurrency: number, now: number): number {
  if (breaker.state === 'closed') return concurrency
  return now >= breaker.probeAt ? 1 : 0
}
