import type { Delivery } from '../core/delivery.ts'
import { subjectOf } from '../core/event.ts'
import { formatDuration } from '../lib/duration.ts'
import { printable } from './printable.ts'

/** A delivery in two lines: what and how it stands; its id. */
export function deliverySummary(delivery: Delivery, now: number): readonly string[] {
  const { id, target, state, attempts, createdAt, lastReason, event, job } = delivery
  const tried = attempts === 1 ? '1 attempt' : `${attempts} attempts`
  const standing = [state.padEnd(9), target, tried, `${age(now - createdAt)} ago`].join('  ')
  const why = job === null ? lastReason : `job ${job.state}`
  return [`${standing}  ${printable(subjectOf(event))}`, `           ${id}${why === null ? '' : `  ${printable(why)}`}`]
}

/** Everything that is known of a delivery, one fact a line. */
export function deliveryLines(delivery: Delivery, now: number): readonly string[] {
  const { event, job, lastAnswer } = delivery
  const facts: readonly (readonly [string, string | null])[] = [
    ['delivery', delivery.id],
    ['state', stateText(delivery, now)],
    ['target', delivery.target],
    ['event', event.id],
    ['about', event.kind === 'notice' ? `${event.type}: ${event.message}` : `/${event.space.name}/${event.path}`],
    ['trigger', event.kind === 'notice' ? null : event.trigger],
    ['size', event.kind === 'notice' ? null : `${event.size} bytes, changed ${iso(event.mtime * 1_000)}`],
    ['evidence', event.kind === 'notice' ? null : `${event.evidence.rung}: ${event.evidence.because}`],
    ['replaces', event.kind === 'notice' ? null : (event.supersedes ?? null)],
    ['made', iso(delivery.createdAt)],
    ['attempts', String(delivery.attempts)],
    ['last try', delivery.lastAttemptAt === null ? null : iso(delivery.lastAttemptAt)],
    ['reason', delivery.lastReason],
    ['answer', lastAnswer === null ? null : `${lastAnswer.status} ${lastAnswer.body}`],
    ['job', job === null ? null : `${job.id}: ${job.state} (${job.detail}), seen ${iso(job.seenAt)}`],
    ['job log', job?.log ?? null],
  ]
  return facts.flatMap(([label, text]) => (text === null ? [] : [`${label.padEnd(9)} ${printable(text)}`]))
}

function stateText({ state, nextAt }: Delivery, now: number): string {
  if (state !== 'owed') return state
  return nextAt <= now ? 'owed, due now' : `owed, tried again in ${age(nextAt - now)}`
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}

/** In the largest unit that says something: `3d`, `2h`, `5m`, `12s`. */
function age(ms: number): string {
  const units = [86_400_000, 3_600_000, 60_000, 1_000]
  const unit = units.find((each) => ms >= each) ?? 1_000
  return formatDuration(Math.max(Math.floor(ms / unit), 0) * unit || 0).replace(/^0ms$/, '0s')
}
