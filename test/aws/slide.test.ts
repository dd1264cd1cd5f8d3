import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import type { Simulator } from '../../src/simulator/create-simulator.ts'
import { root } from '../architecture/repository.ts'
import { LambdaRuntime } from '../support/lambda-runtime.ts'
import { runOneTrigger } from '../support/onetrigger.ts'
import { startSimulator } from '../support/simulator.ts'
import { tempDir } from '../support/temp-dir.ts'
import { functionBundle } from './function-bundle.ts'
import { type Aws, startAws } from './moto.ts'

// The whole way of the slide of 2019: its definition is deployed by one command, and what that put into AWS is then run as Lambda would run it.

const minuteMs = 60_000
const job = 'scar-yolo-video'
const example = join(root, 'examples', 'aws')
let aws: Aws

beforeAll(async () => {
  functionBundle()
  aws = await startAws()
})
afterAll(() => aws.close())

/** The example, word for word, but for the provider and the space. */
function definitionFor({ url, space }: Simulator): string {
  const folder = tempDir()
  const text = readFileSync(join(example, 'scar-yolo-video.yaml'), 'utf8')
    .replace('plg-cyfronet-01.datahub.egi.eu', url)
    .replace('my-onedata-space', space.name)
  writeFileSync(join(folder, 'definition.yaml'), text)
  writeFileSync(join(folder, 'yolov3.sh'), readFileSync(join(example, 'yolov3.sh')))
  return join(folder, 'definition.yaml')
}

/** What Lambda would lay out below /var/task: the archive that the command put there. */
async function taskFolder(name: string): Promise<string> {
  const put = (await aws.recorded()).findLast(({ url }) => url.endsWith(`/functions/${name}/code`))
  const { ZipFile } = z.object({ ZipFile: z.string() }).parse(JSON.parse(put?.body ?? '{}'))
  const folder = join(tempDir(), 'task')
  mkdirSync(folder)
  const archive = join(tempDir(), 'code.zip')
  writeFileSync(archive, Buffer.from(ZipFile, 'base64'))
  const files = z.record(z.string(), z.string()).parse(await aws.ask('unpack', archive))
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text)
  return folder
}

it('deployed by one command, a video that is uploaded in five steps starts one job with its GPU', async () => {
  const simulator = await startSimulator({ delays: { sizeFlushMs: 0, timesFlushMs: 0 } })
  const { model, token } = simulator
  model.mkdir('scar-yolo-video-in')
  const args = ['deploy', 'aws', '--function', definitionFor(simulator), '--name', 'yolo-video']
  const command = runOneTrigger(args, { ONEDATA_ACCESS_TOKEN: token })
  expect({ code: await command.ended, out: command.stdout }).toEqual({
    code: 0,
    out: ['yolo-video: stack created, code updated, 2 secrets changed'],
  })
  const deployed = z
    .object({
      function: z.object({
        Handler: z.string(),
        Environment: z.object({ Variables: z.record(z.string(), z.string()) }),
      }),
      definition: z.object({ containerProperties: z.looseObject({}) }),
    })
    .parse(await aws.ask('deployed', 'yolo-video', job))
  const folder = await taskFolder('yolo-video')
  const { Handler, Environment } = deployed.function
  const variables = Object.entries(Environment.Variables).map(([name, value]) => [
    name,
    value.replace('/var/task', folder),
  ])
  const env = { ...Object.fromEntries(variables), AWS_ENDPOINT_URL: aws.url }
  const lambda = new LambdaRuntime(folder, env, Handler)
  onTestFinished(() => lambda.close())
  await lambda.start()
  let minutes = 0
  const run = () => lambda.invoke({ aheadMs: minutes++ * minuteMs })
  expect(await run()).toMatchObject({ kind: 'response', body: { ok: true } })

  for (let step = 1; step <= 5; step++) {
    if (step === 1) model.create('scar-yolo-video-in/a.mp4', 1_000)
    else model.write('scar-yolo-video-in/a.mp4', 1_000 * step)
    model.sync('scar-yolo-video-in/a.mp4')
    expect(await run()).toMatchObject({ kind: 'response', body: { complete: 0, pending: 1 } })
    expect(await aws.ask('jobs', job)).toEqual([])
  }
  const runs = [await run(), await run()]

  expect(runs.map(({ body }) => body)).toMatchObject([{ complete: 1, delivered: 1 }, { delivered: 0 }])
  const submissions = (await aws.recorded()).filter(({ url }) => url.endsWith('/v1/submitjob'))
  expect(submissions.map(({ body }): unknown => JSON.parse(body))).toMatchObject([
    {
      jobQueue: job,
      jobDefinition: job,
      containerOverrides: {
        environment: expect.arrayContaining([{ name: 'EVENT', value: expect.stringContaining('a.mp4') }]),
      },
    },
  ])
  // moto's jobs do not tell the image and the GPU that they have by their definition.
  expect(await aws.ask('jobs', job)).toMatchObject([{ container: { vcpus: 4, memory: 12_288 } }])
  expect(deployed.definition.containerProperties).toMatchObject({
    image: 'grycap/yolov3:opencv-cudnn',
    resourceRequirements: expect.arrayContaining([{ type: 'GPU', value: '1' }]),
  })
  expect(lambda.output).not.toContain(token)
})
