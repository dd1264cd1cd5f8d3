import type { ClaimedDelivery, Job, Outcome } from './delivery.ts'

/** Where events go. */
export interface Target {
  /**
   * Makes one attempt. Resolves with what came of it for everything a receiver or network can do; rejects only when `signal` aborts (with its
   * reason, within a second) or for a defect of our own.
   */
  deliver(delivery: ClaimedDelivery, signal: AbortSignal): Promise<Outcome>
  /**
   * Looks what became of jobs that `deliver` started (outcome `delivered` with a `job`). At most 100 are asked for at a time; a job that is not
   * in the answer is asked for again later. Rejects when the target cannot be asked now.
   */
  follow?(jobs: readonly Job[], signal: AbortSignal): Promise<readonly Job[]>
  /** How long an attempt may take where that is longer than the time-out, milliseconds: one that moves files, say. */
  readonly longestAttemptMs?: number
  /** Looks whether the target can be reached without sending an event; for `check --connect`. Rejects with a sentence. */
  probe?(signal: AbortSignal): Promise<string>
  /** Frees connections; may be called twice. */
  close(): Promise<void>
}

/** How long an attempt at a target with this time-out may take, milliseconds. */
export function longestAttemptMs({
  target,
  timeoutMs,
}: {
  readonly target: Target
  readonly timeoutMs: number
}): number {
  return Math.max(timeoutMs, target.longestAttemptMs ?? 0)
}
