import type { ClaimedDelivery, Outcome, RetryPolicy, Settlement } from '../core/delivery.ts'
import { subjectOf } from '../core/event.ts'
import { nextStep } from '../core/retry.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Random } from '../lib/random.ts'
import type { OwedEvent } from '../store/store.ts'
import type { DeliveryMeter } from './meter.ts'
import type { Notices } from './notices.ts'

/** What an attempt came to: what is written down, and what is told of it. */
export interface Consequence {
  readonly settlement: Settlement
  readonly owed: readonly OwedEvent[]
}

export interface ConsequenceOptions {
  readonly target: string
  readonly retry: RetryPolicy
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly meter: DeliveryMeter
  readonly notices: Notices
}

export interface Attempt {
  readonly delivery: ClaimedDelivery
  readonly outcome: Outcome
  readonly beganAt: number
}

/** While the target is not known to be down: until it is tried again. */
const soonMs = 1_000

/**
 * Decides what becomes of a delivery after an attempt. `othersWork`: the target took others meanwhile, so that a failure is about this event, which must
 * not circle for ever. `isDown`: the lane itself waits with the next one.
 */
export function consequenceOf(
  { delivery, outcome, beganAt }: Attempt,
  { othersWork, isDown }: { readonly othersWork: boolean; readonly isDown: boolean },
  { target, retry, clock, random, log, meter, notices }: ConsequenceOptions,
): Consequence {
  const at = clock.now()
  const { id, attempt } = delivery
  const answer = outcome.answer ?? null
  const about = { target, delivery: id, path: subjectOf(delivery.event), attempt }
  if (outcome.kind === 'delivered') {
    log.info({ ...about, ms: at - beganAt }, 'delivered')
    return { settlement: { id, kind: 'delivered', at, answer, job: outcome.job ?? null }, owed: [] }
  }
  const { reason } = outcome
  if (outcome.kind === 'unavailable' && !othersWork) {
    const nextAt = isDown ? at : at + soonMs
    return { settlement: { id, kind: 'again', at, nextAt, countAttempt: false, reason, answer }, owed: [] }
  }
  if (outcome.kind === 'retry' && outcome.resumes === true)
    return { settlement: { id, kind: 'again', at, nextAt: at, countAttempt: false, reason, answer }, owed: [] }
  const step = nextStep(delivery, outcome, retry, at, random())
  if (step.kind === 'dead') {
    meter.dead(target)
    log.error({ ...about, reason }, 'the delivery is given up and kept as a dead letter')
    const owed = notices.dead(delivery, step.reason, clock.wall())
    return { settlement: { id, kind: 'dead', at, reason: step.reason, answer }, owed }
  }
  const { nextAt } = step
  log.warn({ ...about, reason, againInMs: nextAt - at }, 'the delivery failed; trying again')
  return { settlement: { id, kind: 'again', at, nextAt, countAttempt: true, reason, answer }, owed: [] }
}
