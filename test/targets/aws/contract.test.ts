import { onTestFinished } from 'vitest'
import type { TargetDefinition } from '../../../src/targets/define.ts'
import { batch, eventbridge, lambda } from '../../../src/targets/registry.ts'
import { type Behaviour, contractConcurrency, contractTimeoutMs, targetContract } from '../../contract/target.ts'
import { type AwsAnswer, type AwsCall, AwsServer, awsError } from '../../support/aws-server.ts'
import { targetDeps } from '../../support/target-deps.ts'

const long = 'é'.repeat(2_000)

/** How one kind of target looks from AWS' side. */
interface Side {
  readonly definition: TargetDefinition
  readonly options: object
  readonly accepted: (call: AwsCall) => AwsAnswer
  readonly rejected: AwsAnswer
  /** What the deliveries of a call are recognised by. */
  readonly identities: (call: AwsCall) => readonly string[]
}

function world({ definition, options, accepted, rejected, identities }: Side) {
  return async () => {
    let behaviour: Behaviour = 'accept'
    const taken: string[] = []
    const server = await AwsServer.start((call) => {
      if (behaviour === 'hang' || behaviour === 'down') return { hang: true }
      if (behaviour === 'busy') return awsError('TooManyRequestsException', 429)
      if (behaviour === 'reject') return rejected
      taken.push(...identities(call))
      return accepted(call)
    })
    const target = definition.build(
      options,
      targetDeps({ timeoutMs: contractTimeoutMs, concurrency: contractConcurrency }),
    )
    // The SDK reads its endpoint when the client is made: now, before another world names another.
    await target.probe?.(AbortSignal.abort()).catch(() => {})
    onTestFinished(() => target.close())
    return {
      target,
      secret: 'canary-secret-key',
      behave: async (how: Behaviour) => {
        behaviour = how
        if (how === 'down') await server.close()
      },
      asked: () => server.calls.length,
      taken: () => taken.length,
      identities: () => taken,
    }
  }
}

targetContract(
  'lambda',
  world({
    definition: lambda,
    options: { function: 'yolo', invocation: 'RequestResponse' },
    accepted: () => ({ body: { answer: long } }),
    rejected: awsError('RequestTooLargeException', 413),
    identities: ({ body }) => [body],
  }),
)

targetContract(
  'batch',
  world({
    definition: batch,
    options: { queue: 'yolo' },
    accepted: () => ({ body: { jobId: 'job-1', jobName: 'x' } }),
    rejected: awsError('ClientException', 400),
    identities: ({ path, body }) => (path === '/v1/submitjob' ? [JSON.parse(body).jobName] : []),
  }),
  // Everything that AWS Batch refuses is about queue, definition or rights; too large a job is never sent.
  { cannot: ['reject'] },
)

targetContract(
  'eventbridge',
  world({
    definition: eventbridge,
    options: { bus: 'uploads' },
    accepted: ({ body }) => ({
      body: { FailedEntryCount: 0, Entries: JSON.parse(body).Entries.map(() => ({ EventId: long })) },
    }),
    rejected: { body: { FailedEntryCount: 1, Entries: [{ ErrorCode: 'MalformedDetail', ErrorMessage: long }] } },
    identities: ({ body }) =>
      JSON.parse(body).Entries.map(({ Detail }: { Detail: string }) => JSON.parse(Detail)['request-id']),
  }),
)
