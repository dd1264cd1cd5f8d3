import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { root } from '../architecture/repository.ts'
import { runOneTrigger } from '../support/onetrigger.ts'
import { tempDir } from '../support/temp-dir.ts'
import { type Bundle, functionBundle } from './function-bundle.ts'
import { type Aws, startAws } from './moto.ts'

// What moto's CloudFormation does not make (alarms, the metric filter, the function's retries and its architecture) is checked in the template: test/deploy.

const token = 'canary-token-of-onedata'
const slide = ['--function', join(root, 'examples/aws/scar-yolo-video.yaml'), '--name', 'yolo-video']
const job = 'scar-yolo-video'
const configuration = ['--config', join(root, 'examples/aws.yaml'), '--name', 'pipeline']

let aws: Aws
let bundle: Bundle

beforeAll(async () => {
  bundle = functionBundle()
  aws = await startAws()
})
afterAll(() => aws.close())

/** The command as a person gives it. */
async function deploy(...args: readonly string[]) {
  const { ended, stdout, stderr } = runOneTrigger(['deploy', 'aws', ...args], { ONEDATA_ACCESS_TOKEN: token })
  return { code: await ended, out: stdout.join('\n'), err: stderr.join('\n') }
}

const deployedOf = z.object({
  function: z
    .object({
      Runtime: z.string(),
      Handler: z.string(),
      Timeout: z.number(),
      MemorySize: z.number(),
      CodeSha256: z.string(),
      Environment: z.object({ Variables: z.record(z.string(), z.string()) }),
    })
    .nullable(),
  statements: z.array(z.object({ Action: z.array(z.string()), Resource: z.array(z.string()) })),
  schedules: z.array(
    z.object({ ScheduleExpression: z.string(), State: z.string(), targets: z.array(z.object({ Arn: z.string() })) }),
  ),
  table: z.object({ KeySchema: z.array(z.object({ AttributeName: z.string(), KeyType: z.string() })) }).nullable(),
  log: z.array(z.number()),
  secrets: z.record(z.string(), z.string()),
  definition: z.object({ containerProperties: z.looseObject({}) }).nullable(),
  queue: z.looseObject({}).nullable(),
  environment: z.object({ computeResources: z.looseObject({}) }).nullable(),
})

/** What stands in AWS, read by Amazon's own library. */
async function deployed(name: string, ofJob = '') {
  return deployedOf.parse(await aws.ask('deployed', name, ofJob))
}

describe("the slide's definition of 2019", () => {
  it('is deployed by one command: function, role, schedule, table, secrets, and the job on a machine with a GPU', async () => {
    const { code, out, err } = await deploy(...slide)

    expect({ code, out }).toEqual({ code: 0, out: 'yolo-video: stack created, code updated, 2 secrets changed' })
    expect(err).toContain(
      'p2.xlarge is of a generation that AWS no longer offers or supports: g4dn.xlarge is used instead',
    )
    expect(err).toContain('CREATE_COMPLETE')
    const stands = await deployed('yolo-video', job)
    expect(stands.function).toMatchObject({
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Timeout: 300,
      MemorySize: 512,
      Environment: { Variables: { ONETRIGGER_CONFIG: '/var/task/onetrigger.yaml', ONETRIGGER_TABLE: 'yolo-video' } },
    })
    expect(stands.schedules).toMatchObject([
      {
        ScheduleExpression: 'rate(1 minute)',
        State: 'ENABLED',
        targets: [{ Arn: expect.stringMatching(/:function:yolo-video$/) }],
      },
    ])
    expect(stands.table?.KeySchema).toEqual([
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ])
    expect(stands.log).toEqual([30])
    expect(stands.queue).toMatchObject({ state: 'ENABLED', status: 'VALID' })
    expect(stands.environment?.computeResources).toMatchObject({
      type: 'EC2',
      maxvCpus: 12,
      instanceTypes: ['g4dn.xlarge'],
      ec2Configuration: [{ imageType: 'ECS_AL2023_NVIDIA' }],
      launchTemplate: { launchTemplateId: expect.stringMatching(/^lt-/) },
    })
    expect(stands.definition?.containerProperties).toMatchObject({
      image: 'grycap/yolov3:opencv-cudnn',
      command: ['/bin/sh', '-c', 'echo $EVENT | /opt/faas-supervisor/bin/supervisor'],
      resourceRequirements: [
        { type: 'VCPU', value: '4' },
        { type: 'MEMORY', value: '12288' },
        { type: 'GPU', value: '1' },
      ],
      environment: expect.arrayContaining([{ name: 'AWS_LAMBDA_FUNCTION_NAME', value: job }]),
      secrets: [
        { name: 'FUNCTION_CONFIG', valueFrom: expect.stringContaining(':secret:yolo-video/job.FUNCTION_CONFIG-') },
      ],
    })
  })

  it('lets the function do what it needs and no more', async () => {
    const { statements } = await deployed('yolo-video')

    const rights = statements.map(({ Action, Resource }) => [Action.join(' '), Resource.map(withoutRandom)])
    expect(rights).toEqual([
      ['logs:CreateLogStream logs:PutLogEvents', [expect.stringContaining(':log-group:/aws/lambda/yolo-video')]],
      [
        expect.stringMatching(/^dynamodb:\S+( dynamodb:\S+)*$/),
        ['arn:aws:dynamodb:us-east-1:123456789012:table/yolo-video'],
      ],
      ['secretsmanager:GetSecretValue', [expect.stringContaining(':secret:yolo-video/sources.scar-yolo-video.token')]],
      [
        'batch:SubmitJob',
        ['job-queue/scar-yolo-video', 'job-definition/scar-yolo-video', 'job-definition/scar-yolo-video:*'].map(
          (path) => `arn:aws:batch:us-east-1:123456789012:${path}`,
        ),
      ],
      ['batch:ListJobs batch:DescribeJobs', ['*']],
    ])
  })

  it('has its token in Secrets Manager and nowhere else', async () => {
    const { secrets } = await deployed('yolo-video')
    const { 'yolo-video/sources.scar-yolo-video.token': ofTrigger, 'yolo-video/job.FUNCTION_CONFIG': ofJob = '' } =
      secrets

    expect(ofTrigger).toBe(token)
    expect(parse(Buffer.from(ofJob, 'base64').toString())).toMatchObject({
      name: job,
      execution_mode: 'batch',
      input: [{ storage_provider: 'onedata.default', path: 'scar-yolo-video-in' }],
      output: [{ storage_provider: 'onedata.default', path: 'scar-yolo-video-out' }],
      storage_providers: { onedata: { default: { token, space: 'my-onedata-space' } } },
    })
    const { text } = z.object({ text: z.string() }).parse(await aws.ask('template', 'yolo-video'))
    const asked = (await aws.recorded()).filter(({ body }) => body.includes(token) || body.includes(ofJob))
    expect(text).not.toContain('canary')
    // Each secret was put there by one call, and tools that read it back asked without it.
    expect(asked.map(({ body }) => Object.keys(JSON.parse(body)).includes('SecretString'))).toEqual([true, true])
  })

  it('has the code of the bundle, which Python unpacks, with a configuration that names secrets by ARN', async () => {
    const { function: made } = await deployed('yolo-video')
    const put = (await aws.recorded()).findLast(({ url }) => url.endsWith('/functions/yolo-video/code'))
    const archive = Buffer.from(
      z.object({ ZipFile: z.string() }).parse(JSON.parse(put?.body ?? '{}')).ZipFile,
      'base64',
    )
    const file = join(tempDir(), 'code.zip')
    writeFileSync(file, archive)

    const { 'onetrigger.yaml': yaml = '', ...files } = z
      .record(z.string(), z.string())
      .parse(await aws.ask('unpack', file))

    expect(made?.CodeSha256).toBe(createHash('sha256').update(archive).digest('base64'))
    expect(files).toEqual({ ...bundle.files, 'index.mjs': "export { handler } from './handler.mjs'\n" })
    expect(parse(yaml)).toMatchObject({
      sources: { [job]: { token: { arn: expect.stringMatching(/^arn:aws:secretsmanager:/) } } },
      store: { type: 'dynamodb', table: 'yolo-video' },
    })
  })

  it('deployed again changes nothing', async () => {
    const before = (await aws.recorded()).length

    const { code, out } = await deploy(...slide)

    expect({ code, out }).toEqual({ code: 0, out: 'yolo-video: stack unchanged, code unchanged, no secrets changed' })
    const bodies = (await aws.recorded()).slice(before).map(({ body }) => body)
    expect(bodies.filter((body) => /Action=(Create|Update|Delete)|SecretString|ZipFile/.test(body))).toEqual([])
  })

  it('is removed, but for its table; and the table where that is told', async () => {
    await aws.ask('remove_routes')

    const kept = await deploy('--destroy', '--yes', '--name', 'yolo-video')

    expect(kept).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^yolo-video: stack removed, 2 secrets removed, table kept/),
    })
    const after = await deployed('yolo-video', job)
    // moto leaves queue and definition, which it does not know how to remove.
    expect(after).toMatchObject({ function: null, schedules: [], log: [], secrets: {} })
    expect(after.table).not.toBeNull()

    const removed = await deploy('--destroy', '--delete-data', '--yes', '--name', 'yolo-video')

    expect(removed.out).toBe('yolo-video: there was no stack, 0 secrets removed, table removed')
    expect((await deployed('yolo-video')).table).toBeNull()
  })
})

describe('a configuration', () => {
  it('is deployed, compared, changed, removed, and deployed on the table that was kept', async () => {
    expect((await deploy(...configuration, '--diff')).out).toBe('there is no stack pipeline: everything would be made')
    expect((await deploy(...configuration)).out).toContain('stack created, code updated, 1 secrets changed')
    expect((await deploy(...configuration, '--diff')).out).toBe('nothing would change in the stack pipeline')
    const other = [...configuration, '--every', '5m', '--memory', '1024']
    expect((await deploy(...other, '--diff')).out.split('\n')).toEqual([
      '~ Resources.Function.Properties.MemorySize: 512 -> 1024',
      '~ Resources.FunctionRetries.Properties.MaximumEventAgeInSeconds: 60 -> 300',
      '~ Resources.Schedule.Properties.ScheduleExpression: rate(1 minute) -> rate(5 minutes)',
      '~ Resources.ErrorAlarm.Properties.Period: 300 -> 600',
    ])

    expect((await deploy(...other)).out).toContain('stack updated')

    const changed = await deployed('pipeline')
    expect(changed.function?.MemorySize).toBe(1_024)
    expect(changed.schedules.map(({ ScheduleExpression }) => ScheduleExpression)).toEqual(['rate(5 minutes)'])
    expect((await deploy('--destroy', '--yes', '--name', 'pipeline')).out).toContain('table kept')
    expect((await deploy(...configuration)).out).toContain('stack created')
    expect((await deployed('pipeline')).table).not.toBeNull()
    expect((await deploy('--destroy', '--delete-data', '--yes', '--name', 'pipeline')).out).toContain('table removed')
  })

  it('goes through a bucket where one is named', async () => {
    await aws.ask('make_bucket', 'code')
    const throughBucket = ['--config', join(root, 'examples/aws.yaml'), '--name', 'through', '--bucket', 'code']

    const first = await deploy(...throughBucket)
    const second = await deploy(...throughBucket)

    expect(first.out).toContain('stack created, code updated')
    expect(first.err).toMatch(/code goes to s3:\/\/code\/through\/[0-9a-f]{64}\.zip/)
    expect(second.out).toContain('stack unchanged, code unchanged')
    expect(first.err).toContain(
      Buffer.from((await deployed('through')).function?.CodeSha256 ?? '', 'base64').toString('hex'),
    )
  })
})

describe('the template for those who deploy by hand', () => {
  it('makes the same function, named as its stack, with the rights that its parameters name', async () => {
    await aws.ask('make_bucket', 'by-hand')
    const { out } = await deploy(...configuration, '--name', 'first', '--bucket', 'by-hand', '--json')
    const parameters = {
      CodeBucket: 'by-hand',
      CodeKey: z.object({ key: z.string() }).parse(await aws.ask('first_object', 'by-hand')).key,
      Configuration: 's3://by-hand/onetrigger.yaml',
      ReadableArns: 'arn:aws:s3:::by-hand/onetrigger.yaml',
      CallableArns: 'arn:aws:lambda:us-east-1:123456789012:function:a,arn:aws:batch:us-east-1:123456789012:job-queue/b',
    }

    // As JSON, for moto keeps policies that came as YAML in a form that nobody reads.
    const template = join(tempDir(), 'template.json')
    writeFileSync(template, JSON.stringify(parse(readFileSync(join(root, 'deploy/aws/template.yaml'), 'utf8'))))

    await aws.ask('make_stack', 'by-hand', template, JSON.stringify(parameters))

    const [command, hand] = [await deployed('first'), await deployed('by-hand')]
    expect(JSON.parse(out)).toMatchObject({ stack: 'created' })
    expect(hand.function).toEqual({
      ...command.function,
      Handler: 'handler.handler',
      Environment: { Variables: { ONETRIGGER_CONFIG: parameters.Configuration, ONETRIGGER_TABLE: 'by-hand' } },
    })
    expect(hand.table?.KeySchema).toEqual(command.table?.KeySchema)
    expect(hand.statements.map(({ Action, Resource }) => [Action[0], Resource]).slice(2)).toEqual([
      ['secretsmanager:GetSecretValue', [parameters.ReadableArns]],
      ['lambda:InvokeFunction', parameters.CallableArns.split(',')],
      ['batch:ListJobs', ['*']],
    ])
  })
})

/** ARNs of moto end in letters of chance where AWS' do. */
function withoutRandom(arn: string): string {
  return arn.replace(/-[A-Za-z]{6}$/, '')
}
