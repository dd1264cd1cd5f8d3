import { execFileSync } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { ClaimedDelivery, Job } from '../../../src/core/delivery.ts'
import { jobName } from '../../../src/core/ids.ts'
import { defaultEgress } from '../../../src/lib/egress.ts'
import { createLogger } from '../../../src/observability/logger.ts'
import { attempt } from '../../../src/targets/aws/outcome.ts'
import type { TargetDefinition } from '../../../src/targets/define.ts'
import { batch, eventbridge, lambda } from '../../../src/targets/registry.ts'
import { type AwsAnswer, type AwsCall, AwsServer, awsError } from '../../support/aws-server.ts'
import { anEvent } from '../../support/builders.ts'
import { EndlessServer, mostSent } from '../../support/endless-server.ts'
import { targetDeps } from '../../support/target-deps.ts'
import { waitFor } from '../../support/wait-for.ts'

const never = new AbortController().signal

async function aTarget(definition: TargetDefinition, options: object, answer: (call: AwsCall) => AwsAnswer) {
  const server = await AwsServer.start(answer)
  const target = definition.build(options, targetDeps())
  onTestFinished(() => target.close())
  return { target, calls: server.calls }
}

function aDelivery(overrides: Partial<ClaimedDelivery> = {}): ClaimedDelivery {
  return { id: 'dlv_1', target: 'aws', event: anEvent(), attempt: 1, createdAt: 0, ...overrides }
}

it('no AWS client is loaded before one is needed', () => {
  const script = `
    const { registerHooks } = await import('node:module')
    const loaded = []
    registerHooks({ load: (url, context, next) => { loaded.push(url); return next(url, context) } })
    await import(${JSON.stringify(join(import.meta.dirname, '../../../src/targets/registry.ts'))})
    console.log(loaded.filter((url) => /aws-sdk|smithy/.test(url)).length, loaded.length > 20)`
  const printed = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  expect(printed.trim()).toBe('0 true')
})

describe('what AWS answers', () => {
  it.each([
    ['AccessDeniedException', 403, 'unavailable'],
    ['UnrecognizedClientException', 403, 'unavailable'],
    ['ExpiredTokenException', 400, 'unavailable'],
    ['ResourceNotFoundException', 404, 'unavailable'],
    ['TooManyRequestsException', 429, 'retry'],
    ['ThrottlingException', 400, 'retry'],
    ['ServiceException', 500, 'retry'],
    ['ServiceUnavailableException', 503, 'unavailable'],
    ['RequestTooLargeException', 413, 'rejected'],
    ['InvalidRequestContentException', 400, 'rejected'],
  ])('%s (%i) is %s to a lambda target', async (name, status, kind) => {
    const { target } = await aTarget(lambda, { function: 'f' }, () => awsError(name, status))

    const outcome = await target.deliver(aDelivery(), never)

    expect(outcome).toMatchObject({ kind, reason: expect.stringContaining(name), answer: { status } })
    expect(outcome.kind === 'retry' && outcome.throttled === true).toBe(/Throttling|TooMany/.test(name))
    expect(JSON.stringify(outcome)).not.toContain('canary')
  })

  it('says how long to wait', async () => {
    const { target } = await aTarget(lambda, { function: 'f' }, () =>
      awsError('TooManyRequestsException', 429, { 'retry-after': '3' }),
    )
    expect(await target.deliver(aDelivery(), never)).toMatchObject({ kind: 'retry', retryAfterMs: 3_000 })
  })
})

it.each(['1e400', '-3', 'soon', ''])('a Retry-After of "%s" from AWS is no time to wait', async (header) => {
  const { target } = await aTarget(lambda, { function: 'f' }, () =>
    awsError('TooManyRequestsException', 429, { 'retry-after': header }),
  )

  const outcome = await target.deliver(aDelivery(), never)

  expect(outcome).toMatchObject({ kind: 'retry', throttled: true })
  expect('retryAfterMs' in outcome && outcome.retryAfterMs).toBe(false)
})

describe('an attempt', () => {
  it('that has ended is not kept by the signal that would have broken it off', async () => {
    const stop = new AbortController()
    const made: WeakRef<AbortSignal>[] = []

    for (let count = 0; count < 20; count++) {
      await attempt(targetDeps(), stop.signal, new Set(), async (signal) => {
        made.push(new WeakRef(signal))
        return { kind: 'delivered' }
      })
    }

    setFlagsFromString('--expose-gc')
    // A new realm has what the flag adds.
    const collect = runInNewContext('gc') as () => void
    await waitFor('they are gone', () => {
      collect()
      return made.every((ref) => ref.deref() === undefined)
    })
    expect(stop.signal.aborted).toBe(false)
  })
})

describe('an AWS target', () => {
  it('never tells what AWS quotes of a request that was signed wrongly', async () => {
    const message =
      'The request signature we calculated does not match. The Canonical String was x-amz-security-token:canary-token'
    const { target } = await aTarget(lambda, { function: 'f' }, () => ({
      ...awsError('InvalidSignatureException', 403),
      body: { message },
    }))
    const outcome = await target.deliver(aDelivery(), never)
    expect(outcome).toMatchObject({ kind: 'unavailable', reason: expect.stringContaining('InvalidSignatureException') })
    expect(JSON.stringify(outcome)).not.toContain('canary')
  })

  it.each([
    ['lambda', lambda, { function: 'f' }],
    ['batch', batch, { queue: 'q' }],
    ['eventbridge', eventbridge, {}],
  ] as const)('never tells it where %s is asked about jobs or looked at, either', async (_type, definition, given) => {
    const message = 'The Canonical String should have been x-amz-security-token:canary-token'
    const { target } = await aTarget(definition, given, () => ({
      ...awsError('InvalidSignatureException', 403),
      body: { message },
    }))
    const lines: string[] = []
    const log = createLogger({ level: 'info', format: 'json', write: (line) => lines.push(line) })
    const noteFailure = (err: unknown) => log.warn({ err }, 'it failed')

    await target.probe?.(never).catch(noteFailure)
    await target.follow?.([{ id: 'a', state: 'running', detail: '', seenAt: 0 }], never).catch(noteFailure)

    expect(lines).toHaveLength(target.follow === undefined ? 1 : 2)
    for (const line of lines) expect(line).toContain('InvalidSignatureException')
    expect(lines.join('')).not.toContain('canary')
  })

  it.each(['169.254.169.254:1', '[fd00:ec2::254]:1'])(
    'never connects to a metadata address that is its endpoint: %s',
    async (host) => {
      await AwsServer.start(() => ({}))
      process.env.AWS_ENDPOINT_URL = `http://${host}`
      const target = lambda.build({ function: 'f' }, targetDeps())
      onTestFinished(() => target.close())
      expect(await target.deliver(aDelivery(), never)).toMatchObject({
        kind: 'unavailable',
        reason: expect.stringContaining('EGRESS_FORBIDDEN'),
      })
    },
  )

  it.each([
    [lambda, { function: 'f', invocation: 'RequestResponse' }],
    [batch, { queue: 'q' }],
    [eventbridge, {}],
  ] as const)('ends an answer that is longer than AWS would ever send (%#)', async (definition, options) => {
    const endless = await EndlessServer.start()
    await AwsServer.start(() => ({}))
    process.env.AWS_ENDPOINT_URL = endless.url
    const target = definition.build(options, targetDeps())
    onTestFinished(() => target.close())

    expect(await target.deliver(aDelivery(), never)).toMatchObject({ kind: 'retry' })

    await endless.hungUp
    expect(endless.sent).toBeLessThan(mostSent)
  })

  it.each([
    [lambda, { function: 'f' }],
    [batch, { queue: 'q' }],
    [eventbridge, {}],
  ] as const)('gives up an answer that begins and does not end (%#)', async (definition, options) => {
    const server = createServer((request, response) => {
      request.resume()
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' }).write('{')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    await AwsServer.start(() => ({}))
    // A listening TCP server always has such an address.
    process.env.AWS_ENDPOINT_URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const target = definition.build(options, targetDeps({ timeoutMs: 300 }))
    onTestFinished(() => target.close())
    expect(await target.deliver(aDelivery(), never)).toMatchObject({ kind: 'retry' })
  })
})

it.each([
  ['lambda', lambda, { function: 'f' }],
  ['batch', batch, { queue: 'q' }],
  ['eventbridge', eventbridge, {}],
] as const)(
  '%s waits for AWS where no connection comes about: that uses up no attempt',
  async (_type, definition, given) => {
    await AwsServer.start(() => ({}))
    process.env.AWS_ENDPOINT_URL = 'http://aws.invalid'
    const nobodyAnswers = { ...defaultEgress, lookup: () => {} }
    const target = definition.build(given, targetDeps({ egress: nobodyAnswers, timeoutMs: 400 }))
    onTestFinished(() => target.close())

    expect(await target.deliver(aDelivery(), never)).toMatchObject({ kind: 'unavailable' })
  },
)

describe('lambda', () => {
  it('sends the event itself, with what SCAR puts into a URL percent-encoded', async () => {
    const { target, calls } = await aTarget(
      lambda,
      { function: 'arn:aws:lambda:eu-west-1:1:function:f', qualifier: '7' },
      () => ({ status: 202, body: '' }),
    )

    expect(await target.deliver(aDelivery({ event: anEvent({ path: 'in/50%#?.txt' }) }), never)).toMatchObject({
      kind: 'delivered',
    })

    expect(calls[0]?.path).toContain('Qualifier=7')
    expect(calls[0]?.headers['x-amz-invocation-type']).toBe('Event')
    expect(JSON.parse(calls[0]?.body ?? '')).toMatchObject({
      Key: '/Gamma/in/50%25%23%3F.txt',
      Records: [{ objectKey: '50%#?.txt' }],
    })
  })

  it('tries a function again that failed, and keeps what it said', async () => {
    const { target } = await aTarget(lambda, { function: 'f', invocation: 'RequestResponse' }, () => ({
      headers: { 'x-amz-function-error': 'Unhandled' },
      body: { errorMessage: 'out of memory' },
    }))
    expect(await target.deliver(aDelivery(), never)).toMatchObject({
      kind: 'retry',
      reason: 'the function failed (Unhandled)',
      answer: { body: expect.stringContaining('out of memory') },
    })
  })
})

describe('batch', () => {
  const accept = ({ path }: AwsCall): AwsAnswer =>
    path === '/v1/submitjob' ? { body: { jobId: 'job-1', jobName: 'x' } } : { body: { jobSummaryList: [] } }

  it('asks for what is configured', async () => {
    const options = {
      queue: 'gpu',
      definition: 'yolo:3',
      command: ['run.sh'],
      gpus: 1,
      vcpus: 4,
      memory: 8_192,
      environment: { MODEL: 'v3' },
      attempts: 3,
      jobTimeout: '2h',
      tags: { owner: 'vision' },
      shareIdentifier: 'lab',
      schedulingPriority: 7,
    }
    const { target, calls } = await aTarget(batch, options, accept)

    expect(await target.deliver(aDelivery(), never)).toMatchObject({
      kind: 'delivered',
      job: { id: 'job-1', state: 'submitted' },
    })

    const submitted = JSON.parse(calls[0]?.body ?? '')
    expect(submitted).toMatchObject({
      jobName: jobName('dlv_1'),
      jobQueue: 'gpu',
      jobDefinition: 'yolo:3',
      retryStrategy: { attempts: 3 },
      timeout: { attemptDurationSeconds: 7_200 },
      tags: { owner: 'vision' },
      shareIdentifier: 'lab',
      schedulingPriorityOverride: 7,
      containerOverrides: {
        command: ['run.sh'],
        resourceRequirements: [
          { type: 'GPU', value: '1' },
          { type: 'VCPU', value: '4' },
          { type: 'MEMORY', value: '8192' },
        ],
      },
    })
    const { environment } = submitted.containerOverrides
    const variables = Object.fromEntries(
      environment.map(({ name, value }: { name: string; value: string }) => [name, value]),
    )
    expect(variables).toMatchObject({ MODEL: 'v3', AWS_LAMBDA_REQUEST_ID: jobName('dlv_1') })
    expect(JSON.parse(variables.EVENT)).toMatchObject({ Key: '/Gamma/in/a.txt' })
    expect(JSON.parse(variables.CONTEXT)).toMatchObject({ function_name: 'yolo:3', aws_request_id: jobName('dlv_1') })
  })

  it('takes the definition that is named as the queue also where that is given by its ARN', async () => {
    const queue = 'arn:aws:batch:us-east-1:123456789012:job-queue/yolo'
    const { target, calls } = await aTarget(batch, { queue }, (call) =>
      call.path === '/v1/submitjob' ? accept(call) : { body: { jobQueues: [{}], jobDefinitions: [{}] } },
    )

    await target.deliver(aDelivery(), never)
    await target.probe?.(never)

    const [submitted, , described] = calls.map(({ body }) => JSON.parse(body))
    expect(submitted).toMatchObject({ jobQueue: queue, jobDefinition: 'yolo' })
    expect(described).toMatchObject({ jobDefinitionName: 'yolo' })
  })

  it('writes the event so that faas-supervisor in the job, behind `echo $EVENT`, downloads the file it is about', async () => {
    const { target, calls } = await aTarget(batch, { queue: 'gpu' }, accept)
    const path = 'in/take #1? 50%41  [*].avi'

    await target.deliver(aDelivery({ event: anEvent({ path }) }), never)

    const { environment } = JSON.parse(calls[0]?.body ?? '').containerOverrides
    const { value } = environment.find(({ name }: { name: string }) => name === 'EVENT')
    expect(value).toMatch(/^[\w"{}[\]:,/.%\\-]+$/)
    const { Key, Records } = JSON.parse(value)
    // The supervisor puts `Key` behind the provider's address as it is.
    expect(decodeURIComponent(new URL(`https://provider/cdmi${Key}`).pathname)).toBe(`/cdmi/Gamma/${path}`)
    expect(Records[0].objectKey).toBe('take #1? 50%41  [*].avi')
  })

  it('never sends overrides that AWS would refuse for their length', async () => {
    const { target, calls } = await aTarget(batch, { queue: 'gpu', environment: { LONG: 'x'.repeat(8_000) } }, accept)
    expect(await target.deliver(aDelivery(), never)).toMatchObject({
      kind: 'rejected',
      reason: expect.stringContaining('8192'),
    })
    expect(calls).toEqual([])
  })

  it('looks a job up by its name before it submits it a second time, and only then', async () => {
    const known = { jobSummaryList: [{ jobId: 'job-7', jobName: jobName('dlv_1') }] }
    const { target, calls } = await aTarget(batch, { queue: 'gpu' }, ({ path }) =>
      path === '/v1/listjobs' ? { body: known } : { body: { jobId: 'job-8' } },
    )

    expect(await target.deliver(aDelivery(), never)).toMatchObject({ job: { id: 'job-8' } })
    expect(await target.deliver(aDelivery({ attempt: 2 }), never)).toMatchObject({ job: { id: 'job-7' } })

    expect(calls.map(({ path }) => path)).toEqual(['/v1/submitjob', '/v1/listjobs'])
    expect(JSON.parse(calls[1]?.body ?? '')).toMatchObject({
      filters: [{ name: 'JOB_NAME', values: [jobName('dlv_1')] }],
    })
  })

  it('finds the job of a delivery that is replayed, whose attempts begin anew', async () => {
    const known = { jobSummaryList: [{ jobId: 'job-7', jobName: jobName('dlv_1') }] }
    const { target, calls } = await aTarget(batch, { queue: 'gpu' }, ({ path }) =>
      path === '/v1/listjobs' ? { body: known } : { body: { jobId: 'job-8' } },
    )

    expect(await target.deliver(aDelivery({ wasTried: true }), never)).toMatchObject({ job: { id: 'job-7' } })

    expect(calls.map(({ path }) => path)).toEqual(['/v1/listjobs'])
  })

  it('looks for a job on all pages of the list: one may be empty and not the last', async () => {
    const known = { jobId: 'job-7', jobName: jobName('dlv_1') }
    const { target } = await aTarget(batch, { queue: 'gpu' }, ({ path, body }) => {
      if (path !== '/v1/listjobs') return { body: { jobId: 'job-8' } }
      // What the SDK sends.
      const { nextToken } = JSON.parse(body) as { nextToken?: string }
      return { body: nextToken === '2' ? { jobSummaryList: [known] } : { jobSummaryList: [], nextToken: '2' } }
    })
    expect(await target.deliver(aDelivery({ attempt: 2 }), never)).toMatchObject({ job: { id: 'job-7' } })
  })

  it('counts an attempt that a server failed on, so that the next one looks whether the job is there', async () => {
    for (const status of [500, 502, 503, 504]) {
      const { target } = await aTarget(batch, { queue: 'gpu' }, () => awsError('ServerException', status))
      expect(await target.deliver(aDelivery(), never)).toMatchObject({ kind: 'retry' })
    }
  })

  it('gives jobs of different targets and of a further run different names', () => {
    expect(new Set(['dlv_a', 'dlv_b', 'dlv_c'].map(jobName)).size).toBe(3)
    expect(jobName(`dlv_${'a'.repeat(52)}`)).toMatch(/^[a-z0-9-]{1,63}$/)
  })

  it.each([[{ a: 1 }], [7], ['']])('tries again where AWS gives a job an id that is none: %j', async (jobId) => {
    const { target } = await aTarget(batch, { queue: 'gpu' }, () => ({ body: { jobId } }))
    expect(await target.deliver(aDelivery(), never)).toEqual({
      kind: 'retry',
      reason: 'AWS Batch gave the job no id',
    })
  })

  it.each([['{}'], [''], ['{"jobs": {"a": 1}}']])(
    'gives no job up and starts none anew where AWS answers without a list: %j',
    async (body) => {
      const { target, calls } = await aTarget(batch, { queue: 'gpu' }, () => ({ body }))
      const jobs: readonly Job[] = [{ id: 'a', state: 'running', detail: 'RUNNING', seenAt: 0 }]

      await expect(target.follow?.(jobs, never)).rejects.toThrow('in a form that is not known')
      expect(await target.deliver(aDelivery({ attempt: 2 }), never)).toMatchObject({ kind: 'retry' })

      expect(calls.map(({ path }) => path)).toEqual(['/v1/describejobs', '/v1/listjobs'])
    },
  )

  it('tells of a job only what can be understood, and not at any length', async () => {
    const details = [
      { jobId: 'a', status: 'constructor', statusReason: { a: 1 }, container: { exitCode: 'x', logStreamName: [1] } },
      { jobId: 'b', status: 'FAILED', statusReason: 'y'.repeat(100_000), container: 7 },
    ]
    const { target } = await aTarget(batch, { queue: 'gpu' }, () => ({ body: { jobs: details } }))
    const jobs = ['a', 'b', 'c'].map((id): Job => ({ id, state: 'submitted', detail: 'z'.repeat(1_024), seenAt: 0 }))

    const [odd, long, forgotten] = (await target.follow?.(jobs, never)) ?? []

    expect(odd).toEqual({ id: 'a', state: 'submitted', detail: 'constructor', seenAt: expect.any(Number) })
    expect(long).toMatchObject({ state: 'failed', detail: expect.stringMatching(/^FAILED: y{1016}$/) })
    expect(forgotten?.detail).toHaveLength(1_024)
  })

  it('tells how jobs stand and why they ended, and which are forgotten', async () => {
    const details = [
      { jobId: 'a', status: 'RUNNABLE', statusReason: 'MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT' },
      { jobId: 'b', status: 'RUNNING', container: { logStreamName: 'yolo/default/1' } },
      { jobId: 'c', status: 'SUCCEEDED', container: { exitCode: 0, logStreamName: 'yolo/default/2' } },
      {
        jobId: 'd',
        status: 'FAILED',
        statusReason: 'Essential container in task exited',
        container: { exitCode: 137, reason: 'OutOfMemoryError' },
      },
    ]
    const { target, calls } = await aTarget(batch, { queue: 'gpu' }, () => ({ body: { jobs: details } }))
    const jobs = ['a', 'b', 'c', 'd', 'e'].map(
      (id): Job => ({ id, state: 'submitted', detail: 'SUBMITTED', seenAt: 0 }),
    )

    expect(await target.follow?.(jobs, never)).toMatchObject([
      { id: 'a', state: 'submitted', detail: 'RUNNABLE: MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT' },
      { id: 'b', state: 'running', log: 'yolo/default/1' },
      { id: 'c', state: 'succeeded', detail: 'SUCCEEDED: exit code 0' },
      {
        id: 'd',
        state: 'failed',
        detail: 'FAILED: exit code 137: OutOfMemoryError: Essential container in task exited',
      },
      { id: 'e', state: 'unknown', detail: expect.stringContaining('last seen: SUBMITTED') },
    ])
    expect(calls).toHaveLength(1)
  })
})

describe('eventbridge', () => {
  const entriesOf = ({ body }: AwsCall): readonly { readonly Detail: string }[] => JSON.parse(body).Entries

  it('sends ten entries a call, and each has an outcome of its own', async () => {
    const codes = ['ThrottlingException', 'InternalFailure', 'MalformedDetail', 'NotAuthorizedForSourceException']
    const { target, calls } = await aTarget(eventbridge, { bus: 'b' }, (call) => ({
      body: {
        Entries: entriesOf(call).map((_, index) =>
          codes[index] === undefined ? { EventId: 'e' } : { ErrorCode: codes[index] },
        ),
      },
    }))

    const outcomes = await Promise.all(
      Array.from({ length: 25 }, (_, n) => target.deliver(aDelivery({ event: anEvent({ id: `evt_${n}` }) }), never)),
    )

    // Each has a connection of its own: which of them comes first is up to the machine.
    expect(calls.map((call) => entriesOf(call).length).toSorted((a, b) => b - a)).toEqual([10, 10, 5])
    expect(outcomes.slice(0, 5).map(({ kind }) => kind)).toEqual([
      'retry',
      'retry',
      'rejected',
      'unavailable',
      'delivered',
    ])
    expect(outcomes[0]).toMatchObject({ throttled: true })
  })

  it('puts no more into a call than it may weigh, and never sends what weighs too much alone', async () => {
    const { target, calls } = await aTarget(eventbridge, {}, (call) => ({
      body: { Entries: entriesOf(call).map(() => ({ EventId: 'e' })) },
    }))
    const heavy = (id: string, bytes: number) => aDelivery({ event: anEvent({ id, path: 'x'.repeat(bytes / 3) }) })

    const outcomes = await Promise.all([
      ...['a', 'b', 'c'].map((id) => target.deliver(heavy(id, 150_000), never)),
      target.deliver(heavy('d', 400_000), never),
    ])

    expect(outcomes.map(({ kind }) => kind)).toEqual(['delivered', 'delivered', 'delivered', 'rejected'])
    expect(calls).toHaveLength(3)
    for (const { body } of calls) expect(body.length).toBeLessThan(262_144 + 1_000)
  })

  it.each([[null], [{}], [{ EventId: { a: 1 } }], [{ EventId: 'e', ErrorCode: 7 }], ['text']])(
    'tries an entry again of which nothing is said that can be understood: %j',
    async (entry) => {
      const { target } = await aTarget(eventbridge, {}, () => ({ body: { Entries: [entry] } }))

      expect(await target.deliver(aDelivery(), never)).toEqual({
        kind: 'retry',
        reason: 'EventBridge said nothing about this entry that can be understood',
      })
    },
  )

  it('keeps no more of what EventBridge says than a person reads', async () => {
    const entry = { ErrorCode: 'InternalFailure', ErrorMessage: 'y'.repeat(100_000) }
    const { target } = await aTarget(eventbridge, {}, () => ({ body: { Entries: [entry] } }))

    const outcome = await target.deliver(aDelivery(), never)

    expect(outcome).toMatchObject({ kind: 'retry', reason: expect.stringContaining('InternalFailure: yyy') })
    expect('reason' in outcome && outcome.reason.length).toBeLessThan(1_000)
  })

  it('goes on with the others when one is broken off', async () => {
    const { target, calls } = await aTarget(eventbridge, {}, (call) => ({
      body: { Entries: entriesOf(call).map(() => ({ EventId: 'e' })) },
    }))
    const stop = new AbortController()
    const [one, other] = [target.deliver(aDelivery(), stop.signal), target.deliver(aDelivery(), never)]
    stop.abort(new Error('stopped'))

    await expect(one).rejects.toThrow('stopped')
    expect(await other).toMatchObject({ kind: 'delivered' })
    expect(calls).toHaveLength(1)
  })
})
