import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { bundleFunction } from '../../scripts/lambda/bundle.ts'
import { LambdaRuntime } from '../support/lambda-runtime.ts'
import { startSimulator } from '../support/simulator.ts'
import { type Aws, startAws } from './moto.ts'

const minuteMs = 60_000
const folder = mkdtempSync(join(tmpdir(), 'onetrigger-function-'))
let aws: Aws

beforeAll(async () => {
  await bundleFunction(folder)
  aws = await startAws()
})
afterAll(() => {
  aws.close()
  rmSync(folder, { recursive: true })
})

/** The scheduled function's bundle, as Lambda runs it, with everything but the provider at AWS. */
async function aScene(name: string) {
  const simulator = await startSimulator({ delays: { sizeFlushMs: 0, timesFlushMs: 0 } })
  simulator.model.mkdir('in')
  await aws.ask('make_table', name)
  await aws.ask('make_queue', name)
  await aws.ask('make_function', `fn-${name}`)
  const { bus, queue } = Object(await aws.ask('make_bus', name))
  const { arn: token } = Object(await aws.ask('make_secret', `${name}/token`, simulator.token))
  const configuration = {
    sources: { hub: { type: 'onedata', host: simulator.url, token: { arn: token } } },
    triggers: { video: { watch: { source: 'hub', space: 'Gamma', folder: 'in' }, deliver: ['gpu', 'fn', 'bus'] } },
    targets: {
      gpu: { type: 'batch', queue: name, gpus: 1, memory: 4_096, vcpus: 2 },
      fn: { type: 'lambda', function: `fn-${name}` },
      bus: { type: 'eventbridge', bus },
    },
    store: { type: 'dynamodb', table: name },
  }
  const { arn } = Object(await aws.ask('make_parameter', `/${name}/config`, JSON.stringify(configuration)))
  const lambda = new LambdaRuntime(folder, { AWS_ENDPOINT_URL: aws.url, ONETRIGGER_CONFIG: String(arn) })
  onTestFinished(() => lambda.close())
  await lambda.start()
  return { simulator, lambda, queue: String(queue) }
}

it('an upload in five steps over several runs makes one job with its GPU, one invocation and one event', async () => {
  const { simulator, lambda, queue } = await aScene('scar-yolo')
  const { model } = simulator
  let minutes = 0
  const run = () => lambda.invoke({ aheadMs: minutes++ * minuteMs })
  expect(await run()).toMatchObject({ kind: 'response', body: { ok: true } })

  for (let step = 1; step <= 5; step++) {
    if (step === 1) model.create('in/a.mp4', 1_000)
    else model.write('in/a.mp4', 1_000 * step)
    model.sync('in/a.mp4')
    expect(await run()).toMatchObject({ kind: 'response', body: { complete: 0, pending: 1 } })
    expect(await aws.ask('jobs', 'scar-yolo')).toEqual([])
  }
  const runs = [await run(), await run(), await run()]

  expect(runs.map(({ body }) => body)).toMatchObject([
    { complete: 1, delivered: 3 },
    { delivered: 0 },
    { delivered: 0 },
  ])
  const submissions = (await aws.recorded()).filter(({ url }) => url.endsWith('/v1/submitjob'))
  expect(submissions.map(({ body }): unknown => JSON.parse(body))).toMatchObject([
    {
      jobQueue: 'scar-yolo',
      jobDefinition: 'scar-yolo',
      containerOverrides: {
        resourceRequirements: expect.arrayContaining([
          { type: 'GPU', value: '1' },
          { type: 'MEMORY', value: '4096' },
        ]),
        environment: expect.arrayContaining([{ name: 'EVENT', value: expect.stringContaining('a.mp4') }]),
      },
    },
  ])
  expect(await aws.ask('jobs', 'scar-yolo')).toHaveLength(1)
  const invocations = (await aws.recorded()).filter(({ url }) => url.endsWith('/functions/fn-scar-yolo/invocations'))
  expect(invocations).toHaveLength(1)
  expect(await aws.ask('receive', queue)).toHaveLength(1)
  expect(lambda.sandboxes).toBe(1)
  expect(lambda.output).toContain('the job ended')
})

it('killed in the middle of an upload it goes on in a new sandbox, and no secret is told', async () => {
  const { simulator, lambda } = await aScene('killed')
  await lambda.invoke()
  simulator.model.create('in/b.mp4', 'x')
  await lambda.invoke({ aheadMs: minuteMs })
  const cut = lambda.invoke({ aheadMs: 2 * minuteMs, killAfterMs: 300 })
  expect(await cut).toEqual({ kind: 'killed', body: null })

  // The one that was killed keeps the table for a minute.
  const next = await lambda.invoke({ aheadMs: 4 * minuteMs })

  expect(next).toMatchObject({ kind: 'response', body: { ok: true, pending: 0 } })
  expect(await aws.ask('jobs', 'killed')).toHaveLength(1)
  expect(lambda.output).not.toContain(simulator.token)
  expect(lambda.output).not.toContain('canary')
})
