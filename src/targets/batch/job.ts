import type { JobDetail } from '@aws-sdk/client-batch'
import type { Job, JobState } from '../../core/delivery.ts'

const states: Readonly<Record<string, JobState>> = { RUNNING: 'running', SUCCEEDED: 'succeeded', FAILED: 'failed' }

/** A job that AWS has just taken. */
export function submitted(id: string, now: number): Job {
  return { id, state: 'submitted', detail: 'SUBMITTED', seenAt: now }
}

/** AWS forgets a job about a week after its end. */
export function unknownJob(job: Job, now: number): Job {
  return {
    ...job,
    state: 'unknown',
    detail: `AWS Batch does not know the job any more; last seen: ${job.detail}`,
    seenAt: now,
  }
}

/** A job as `DescribeJobs` tells it: its state in AWS' word, why it stands where it stands, how its container ended, its log stream. */
export function asJob(id: string, { status = 'SUBMITTED', statusReason, container }: JobDetail, now: number): Job {
  const { exitCode, reason, logStreamName } = container ?? {}
  const parts = [status, exitCode === undefined ? null : `exit code ${exitCode}`, reason ?? null, statusReason ?? null]
  const detail = [...new Set(parts.filter((part) => part !== null && part !== ''))].join(': ')
  const log = logStreamName === undefined || logStreamName === '' ? {} : { log: logStreamName }
  return { id, state: states[status] ?? 'submitted', detail: detail.slice(0, 1_024), ...log, seenAt: now }
}
