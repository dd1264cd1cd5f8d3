import fc from 'fast-check'
import type { ClaimedDelivery, Job, Outcome } from '../../../src/core/delivery.ts'
import type { Target } from '../../../src/core/target.ts'
import type { TargetDefinition } from '../../../src/targets/define.ts'
import { batch, eventbridge, lambda, oscar, webhook } from '../../../src/targets/registry.ts'
import { anEvent } from '../../support/builders.ts'
import { targetDeps } from '../../support/target-deps.ts'
import { AnsweringServer } from '../answering-server.ts'
import { type Area, type Property, property } from '../fuzz.ts'
import { rawAnswers } from '../raw-answer.ts'
import { expectSaneJob, expectSaneOutcome } from '../sane-outcome.ts'

const given = fc.array(rawAnswers, { minLength: 1, maxLength: 3 })
const never = new AbortController().signal
const secret = { env: 'SECRET' }

interface Peer {
  readonly definition: TargetDefinition
  readonly options: (url: string) => object
  /** What it would say, by path. */
  readonly expected: (path: string) => unknown
  /** More requests than this are never needed for one question. */
  readonly most: number
}

const job = { status: 'Succeeded', creation_time: '2026-11-23T10:00:00Z', start_time: '2026-11-23T10:00:01Z' }

const cluster: Peer = {
  definition: oscar,
  options: (url) => ({ url, service: 'yolo', login: { basic: { username: 'u', password: secret } } }),
  expected: (path) => {
    if (path.startsWith('/system/services')) return { name: 'yolo', token: 't'.repeat(64) }
    return path.startsWith('/system/logs') ? { jobs: { job, other: job }, next_page: 'more' } : ''
  },
  // Twenty pages of jobs and one look at the service, each asked for again where the login is refused.
  most: 42,
}

const bus: Peer = {
  definition: eventbridge,
  options: () => ({}),
  expected: () => ({
    FailedEntryCount: 1,
    Entries: [{ EventId: 'e', ErrorCode: 'ThrottlingException', ErrorMessage: 'too fast' }],
    Arn: 'arn:aws:events:us-east-1:1:event-bus/default',
  }),
  most: 1,
}

const queue: Peer = {
  definition: batch,
  options: () => ({ queue: 'q' }),
  expected: () => ({
    jobId: 'j',
    jobs: [{ jobId: 'job', status: 'FAILED', statusReason: 'why', container: { exitCode: 1, logStreamName: 'log' } }],
    jobSummaryList: [{ jobId: 'j', jobName: 'n' }],
    jobQueues: [{ state: 'ENABLED' }],
    jobDefinitions: [{}],
  }),
  most: 2,
}

const aFunction: Peer = { definition: lambda, options: () => ({ function: 'f' }), expected: () => ({}), most: 1 }
const hook: Peer = { definition: webhook, options: (url) => ({ url }), expected: () => ({ ok: true }), most: 1 }

/** The client of AWS finds its server and its keys where AWS' own tools do. */
function pointAwsAt(url: string): () => void {
  const given = {
    AWS_ENDPOINT_URL: url,
    AWS_ACCESS_KEY_ID: 'AKIATEST',
    AWS_SECRET_ACCESS_KEY: 'canary-secret-key',
    AWS_REGION: 'us-east-1',
  }
  const before = Object.keys(given).map((name) => [name, process.env[name]] as const)
  Object.assign(process.env, given)
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
}

/** Whatever the peer answers, what is asked of the target holds, and no more is asked of the peer than it may be. */
function answered({ definition, options, expected, most }: Peer, use: (target: Target) => Promise<void>): Property {
  return async (run, kept) => {
    const server = await AnsweringServer.start(expected)
    const restore = pointAwsAt(server.url)
    const check = property(given, async (inTurn) => {
      server.give(inTurn)
      const target = definition.build(options(server.url), targetDeps())
      try {
        await use(target)
      } finally {
        await target.close()
      }
      if (server.asked > most) throw new Error(`${server.asked} requests`)
    })
    try {
      await check(run, kept)
    } finally {
      restore()
      await server.close()
    }
  }
}

const delivery: ClaimedDelivery = { id: 'dlv_1', target: 'target', event: anEvent(), attempt: 2, createdAt: 0 }

async function deliver(target: Target): Promise<void> {
  let outcome: Outcome
  try {
    outcome = await target.deliver(delivery, never)
  } catch (error) {
    throw new Error('an attempt must never reject', { cause: error })
  }
  expectSaneOutcome(outcome)
}

/** A target that cannot be asked rejects with an error, as it may. */
async function follow(target: Target): Promise<void> {
  const asked: readonly Job[] = ['job', '__proto__'].map((id) => ({ id, state: 'submitted', detail: '', seenAt: 0 }))
  const jobs = await target.follow?.(asked, never).catch(expectError)
  for (const each of jobs ?? []) expectSaneJob(each)
}

async function probe(target: Target): Promise<void> {
  await target.probe?.(never).catch(expectError)
}

function expectError(error: unknown): null {
  if (!(error instanceof Error)) throw new Error(`it rejected with ${String(error)}`)
  return null
}

/** What receivers of events answer, over the wire. */
export const answers: Area = {
  'a webhook answers anything, and there is an outcome': answered(hook, deliver),
  'an OSCAR cluster answers anything, and there is an outcome': answered(cluster, deliver),
  'an OSCAR cluster tells anything of jobs and of itself': answered(cluster, async (target) => {
    await follow(target)
    await probe(target)
  }),
  'EventBridge answers anything, and there is an outcome': answered(bus, deliver),
  'AWS Lambda answers anything, and there is an outcome': answered(aFunction, deliver),
  'AWS Batch answers anything, and there is an outcome': answered(queue, deliver),
  'AWS Batch tells anything of jobs': answered(queue, follow),
}
