import type { ClaimedDelivery, Job, Outcome } from '../../core/delivery.ts'
import { jobName } from '../../core/ids.ts'
import type { Target } from '../../core/target.ts'
import { formats } from '../../formats/registry.ts'
import { lazily } from '../../lib/lazily.ts'
import { clientConfig } from '../aws/client.ts'
import { answered, attempt } from '../aws/outcome.ts'
import { defineTarget, type TargetDeps } from '../define.ts'
import { asJob, submitted, unknownJob } from './job.ts'
import { type BatchOptions, batchOptions } from './options.ts'
import { definitionOf, submission } from './submission.ts'

/** AWS counts the overrides of a job as JSON, and takes no more characters than this. */
const mostOverrides = 8_192

/** None: what is too large is found before it is sent, and every other refusal is about queue, definition or rights. */
const aboutEvent: ReadonlySet<string> = new Set()

/** Submits an AWS Batch job for each event, and follows it to its end. */
export const batch = defineTarget({
  type: 'batch',
  options: batchOptions,
  create: (given, deps) => new Batch(given, deps),
})

class Batch implements Target {
  readonly #options: BatchOptions
  readonly #deps: TargetDeps
  readonly #sdk: ReturnType<typeof lazily<Awaited<ReturnType<typeof loadSdk>>>>

  constructor(given: BatchOptions, deps: TargetDeps) {
    this.#options = given
    this.#deps = deps
    this.#sdk = lazily(() => loadSdk(given, deps))
  }

  async deliver(delivery: ClaimedDelivery, signal: AbortSignal): Promise<Outcome> {
    const name = jobName(delivery.id)
    const job = submission(this.#options, name, formats[this.#options.format](delivery.event).body)
    const size = JSON.stringify(job.containerOverrides).length
    if (size > mostOverrides) {
      const reason = `the job's overrides have ${size} characters, and AWS Batch takes ${mostOverrides}`
      return { kind: 'rejected', reason }
    }
    const outcome = await attempt(this.#deps, signal, aboutEvent, async (abortSignal): Promise<Outcome> => {
      // An attempt before may have got through, with or without our knowing.
      const isRepeat = delivery.attempt > 1 || delivery.wasTried === true
      const known = isRepeat ? await this.#find(name, abortSignal) : null
      if (known !== null) return { kind: 'delivered', job: known }
      const { client, SubmitJobCommand } = await this.#sdk.get()
      const { jobId } = await client.send(new SubmitJobCommand(job), { abortSignal })
      // What the SDK hands over is what came, whatever its types say.
      if (typeof jobId !== 'string' || jobId === '') return { kind: 'retry', reason: 'AWS Batch gave the job no id' }
      return { kind: 'delivered', job: submitted(jobId, this.#deps.clock.now()) }
    })
    // A server that failed may have taken the job: only an attempt that counts is followed by a look whether it did.
    const failed = outcome.kind === 'unavailable' && (outcome.answer?.status ?? 0) >= 500
    return failed ? { ...outcome, kind: 'retry' } : outcome
  }

  async follow(jobs: readonly Job[], signal: AbortSignal): Promise<readonly Job[]> {
    const { client, DescribeJobsCommand } = await this.#sdk.get()
    const asked = new DescribeJobsCommand({ jobs: jobs.map(({ id }) => id) })
    const { jobs: details } = await answered(client.send(asked, { abortSignal: signal }), signal)
    const byId = new Map(listed(details).map((detail) => [detail.jobId, detail]))
    const now = this.#deps.clock.now()
    return jobs.map((job) => {
      const detail = byId.get(job.id)
      return detail === undefined ? unknownJob(job, now) : asJob(job.id, detail, now)
    })
  }

  async probe(signal: AbortSignal): Promise<string> {
    const { client, DescribeJobQueuesCommand, DescribeJobDefinitionsCommand } = await this.#sdk.get()
    const { queue } = this.#options
    const definition = definitionOf(this.#options)
    const lookUp = new DescribeJobQueuesCommand({ jobQueues: [queue] })
    const queues = await answered(client.send(lookUp, { abortSignal: signal }), signal)
    const [found] = queues.jobQueues ?? []
    if (found === undefined) throw new Error(`there is no job queue "${queue}"`)
    const isArn = definition.startsWith('arn:')
    const wanted = isArn ? { jobDefinitions: [definition] } : { jobDefinitionName: definition.split(':')[0] }
    const asked = new DescribeJobDefinitionsCommand({ ...wanted, status: 'ACTIVE' })
    const { jobDefinitions = [] } = await answered(client.send(asked, { abortSignal: signal }), signal)
    if (jobDefinitions.length === 0) throw new Error(`there is no active job definition "${definition}"`)
    return `queue ${queue} is ${found.state ?? 'there'}, definition ${definition} is active`
  }

  async close(): Promise<void> {
    const made = await this.#sdk.made
    made?.client.destroy()
  }

  async #find(name: string, signal: AbortSignal): Promise<Job | null> {
    const { client, ListJobsCommand } = await this.#sdk.get()
    const filters = [{ name: 'JOB_NAME', values: [name] }]
    let next: { readonly nextToken?: string } = {}
    // A page may be empty and not the last. That they end in time is seen to by the attempt.
    for (;;) {
      const asked = new ListJobsCommand({ jobQueue: this.#options.queue, filters, ...next })
      const { jobSummaryList, nextToken } = await client.send(asked, { abortSignal: signal })
      const found = listed(jobSummaryList).find(({ jobName: other }) => other === name)
      if (typeof found?.jobId === 'string') return submitted(found.jobId, this.#deps.clock.now())
      if (typeof nextToken !== 'string' || nextToken === '') return null
      next = { nextToken }
    }
  }
}

/** An answer without its list says nothing: not that there are no jobs. */
function listed<T>(jobs: readonly T[] | undefined): readonly T[] {
  if (!Array.isArray(jobs)) throw new Error('AWS Batch answered about jobs in a form that is not known')
  return jobs
}

async function loadSdk(given: BatchOptions, deps: TargetDeps) {
  const { BatchClient, ...commands } = await import('@aws-sdk/client-batch')
  const { SubmitJobCommand, DescribeJobsCommand, ListJobsCommand } = commands
  const { DescribeJobQueuesCommand, DescribeJobDefinitionsCommand } = commands
  const client = new BatchClient(clientConfig(given, deps))
  return {
    client,
    SubmitJobCommand,
    DescribeJobsCommand,
    ListJobsCommand,
    DescribeJobQueuesCommand,
    DescribeJobDefinitionsCommand,
  }
}
