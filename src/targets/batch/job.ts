import { z } from 'zod'
import { type Job, type JobState, mostDetail } from '../../core/delivery.ts'

const states: ReadonlyMap<string, JobState> = new Map([
  ['RUNNING', 'running'],
  ['SUCCEEDED', 'succeeded'],
  ['FAILED', 'failed'],
])

/** A job that AWS has just taken. */
export function submitted(id: string, now: number): Job {
  return { id, state: 'submitted', detail: 'SUBMITTED', seenAt: now }
}

/** AWS forgets a job about a week after its end. */
export function unknownJob(job: Job, now: number): Job {
  return {
    ...job,
    state: 'unknown',
    detail: `AWS Batch does not know the job any more; last seen: ${job.detail}`.slice(0, mostDetail),
    seenAt: now,
  }
}

const text = z.string().nullish().catch(null)

/** The SDK hands over what came, whatever its types say. */
const told = z
  .object({
    status: z.string().catch('SUBMITTED'),
    statusReason: text,
    container: z
      .object({ exitCode: z.number().nullish().catch(null), reason: text, logStreamName: text })
      .nullish()
      .catch(null),
  })
  .catch({ status: 'SUBMITTED', statusReason: null, container: null })

/** A job as `DescribeJobs` tells it: its state in AWS' word, why it stands where it stands, how its container ended, its log stream. */
export function asJob(id: string, described: unknown, now: number): Job {
  const { status, statusReason, container } = told.parse(described)
  const { exitCode, reason, logStreamName } = container ?? {}
  const ended = typeof exitCode === 'number' ? `exit code ${exitCode}` : null
  const parts = [status, ended, reason, statusReason].filter((part) => (part ?? '') !== '')
  const detail = [...new Set(parts)].join(': ').slice(0, mostDetail)
  const log = logStreamName ? { log: logStreamName } : {}
  return { id, state: states.get(status) ?? 'submitted', detail, ...log, seenAt: now }
}
