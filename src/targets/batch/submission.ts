import type { SubmitJobCommandInput } from '@aws-sdk/client-batch'
import { nameInArn } from '../../lib/arn.ts'
import type { BatchOptions } from './options.ts'

/** The request for one job, with the environment that faas-supervisor's own delegation to Batch gives: EVENT, CONTEXT, AWS_LAMBDA_REQUEST_ID. */
export function submission(options: BatchOptions, name: string, event: string): SubmitJobCommandInput {
  const { queue, attempts, jobTimeout, tags, shareIdentifier, schedulingPriority } = options
  return {
    jobName: name,
    jobQueue: queue,
    jobDefinition: definitionOf(options),
    containerOverrides: overrides(options, name, event),
    ...(attempts === undefined ? {} : { retryStrategy: { attempts } }),
    ...(jobTimeout === undefined ? {} : { timeout: { attemptDurationSeconds: Math.round(jobTimeout / 1_000) } }),
    ...(Object.keys(tags).length === 0 ? {} : { tags }),
    ...(shareIdentifier === undefined ? {} : { shareIdentifier }),
    ...(schedulingPriority === undefined ? {} : { schedulingPriorityOverride: schedulingPriority }),
  }
}

/** As SCAR does it, it is named as the queue unless something else is said. */
export function definitionOf({
  queue,
  definition,
}: {
  readonly queue: string
  readonly definition?: string | undefined
}) {
  return definition ?? nameInArn(queue)
}

function overrides({ command, environment, ...options }: BatchOptions, name: string, event: string) {
  const context = {
    function_name: definitionOf(options),
    aws_request_id: name,
    log_group_name: '/aws/batch/job',
    log_stream_name: '',
  }
  const own = { EVENT: event, CONTEXT: JSON.stringify(context), AWS_LAMBDA_REQUEST_ID: name }
  const resources = resourceRequirements(options)
  return {
    environment: Object.entries({ ...environment, ...own }).map(([key, value]) => ({ name: key, value })),
    ...(command === undefined ? {} : { command }),
    ...(resources.length === 0 ? {} : { resourceRequirements: resources }),
  }
}

function resourceRequirements({ gpus, vcpus, memory }: Pick<BatchOptions, 'gpus' | 'vcpus' | 'memory'>) {
  const wanted = [
    ['GPU', gpus],
    ['VCPU', vcpus],
    ['MEMORY', memory],
  ] as const
  return wanted.flatMap(([type, value]) => (value === undefined ? [] : [{ type, value: String(value) }]))
}
