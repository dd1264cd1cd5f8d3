import type { Outcome, RetryPolicy } from './delivery.ts'

const second = 1_000
const minute = 60 * second
const hour = 60 * minute

/**
 * Attempts at 0, then 5 s, 30 s, 2 min, 10 min, 30 min, 1 h, 2 h, 5 h and 10 h after the one before, then every 10 h until the waits add up
 * to 3 days, each wait ±20 %.
 */
export const defaultRetry: RetryPolicy = {
  delaysMs: [5 * second, 30 * second, 2 * minute, 10 * minute, 30 * minute, hour, 2 * hour, 5 * hour, 10 * hour],
  maxAgeMs: 72 * hour,
  jitter: 0.2,
  retryAfterCapMs: hour,
}

/** What follows from an attempt that did not deliver. */
export type NextStep =
  | { readonly kind: 'again'; readonly nextAt: number }
  | { readonly kind: 'dead'; readonly reason: string }

/**
 * Decides on a delivery after its `attempt`-th attempt (1 is the first) failed with `outcome` at `now`; `random` in [0, 1) makes the
 * jitter.
 */
export function nextStep(
  { attempt }: { readonly attempt: number },
  outcome: Outcome & { readonly kind: 'retry' | 'rejected' | 'unavailable' },
  policy: RetryPolicy,
  now: number,
  random: number,
): NextStep {
  if (outcome.kind === 'rejected') return { kind: 'dead', reason: outcome.reason }
  const planned = policy.delaysMs[Math.min(attempt, policy.delaysMs.length) - 1] ?? 0
  // By its own waits and not by the clock: a target that was away for a week has used up nothing.
  if (waited(attempt, policy.delaysMs) > policy.maxAgeMs) {
    return { kind: 'dead', reason: `${outcome.reason} (given up after ${attempt} attempts)` }
  }
  const jittered = planned * (1 + policy.jitter * (2 * random - 1))
  const asked = Math.min(outcome.retryAfterMs ?? 0, policy.retryAfterCapMs)
  return { kind: 'again', nextAt: Math.round(now + Math.max(jittered, asked)) }
}

/** What the planned waits after the first `attempt` attempts come to. */
function waited(attempt: number, delaysMs: readonly number[]): number {
  const listed = delaysMs.slice(0, attempt).reduce((sum, delay) => sum + delay, 0)
  return listed + Math.max(attempt - delaysMs.length, 0) * (delaysMs.at(-1) ?? 0)
}

/**
 * `Retry-After` in milliseconds from now: seconds (fractions are seen in the wild) or an HTTP date. Null for anything else; a date in the
 * past is 0.
 */
export function parseRetryAfter(header: string | undefined, wallTime: number): number | null {
  if (header === undefined) return null
  const text = header.trim()
  if (/^\d+(\.\d+)?$/.test(text)) return Math.min(Number(text) * second, Number.MAX_SAFE_INTEGER)
  if (!/^[A-Za-z]{3,9},/.test(text)) return null
  const at = Date.parse(text)
  return Number.isNaN(at) ? null : Math.max(at - wallTime, 0)
}
