import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { configurationOf } from '../../../src/deploy/definition/configuration-of.ts'
import type { FunctionDefinition } from '../../../src/deploy/definition/definition.ts'
import { jobOf } from '../../../src/deploy/definition/job-plan.ts'
import { readDefinitions } from '../../../src/deploy/definition/read-definitions.ts'
import { readDefinition } from '../../../src/deploy/read-input.ts'
import { Secret } from '../../../src/lib/secret.ts'
import { root } from '../../architecture/repository.ts'

const path = (name: string) => join(root, `test/deploy/definitions/${name}.yaml`)
const reading = { readFile: (file: string) => readFileSync(file, 'utf8'), env: {}, home: '/' }

function read(name: string): FunctionDefinition {
  return readDefinition(path(name), reading).read
}

/** What the supervisor of a job is given. */
function functionConfigOf(definition: FunctionDefinition): unknown {
  const surroundings = { script: null, stack: 'x', token: () => new Secret('the token given') }
  const config = jobOf(definition, surroundings).secrets[0]?.read().reveal() ?? ''
  return parse(Buffer.from(config, 'base64').toString())
}

describe('a definition of', () => {
  it.each([
    [
      'SCAR 3 with variables and ids',
      'scar-3-environment',
      'scar-yolo-video',
      'onedata.CYFRONET',
      'scar-yolo-video-in',
      'scar-yolo-video-out',
    ],
    [
      'the slide of 2019',
      '../../../examples/aws/scar-yolo-video',
      'scar-yolo-video',
      'onedata.default',
      'scar-yolo-video-in',
      'scar-yolo-video-out',
    ],
    ['SCAR 3 with three variables', 'scar-3-variables', 'denoise', 'onedata.default', 'denoise-in', 'denoise-out'],
    ['the draft with lists', 'draft-of-lists', 'plants', 'onedata.gamma', 'plants/in', 'plants/out'],
    ['the draft with storages', 'draft-of-storages', 'frames', 'onedata.default', 'videos', 'frames'],
    ['SCAR 4.0', 'scar-4.0', 'scar-darknet', 'onedata.default', '/images/', 'scar-darknet/out'],
    ['SCAR 4.1', 'scar-4', 'scar-av-split', 'onedata.gamma', 'av/in', 'av/out'],
    ['OSCAR', 'oscar', 'plant-classification', 'onedata.gamma', 'plants/in', 'plants/out'],
  ])('%s is understood', (_what, file, name, provider, input, output) => {
    const definition = read(file)

    expect(definition).toMatchObject({ name, mode: 'batch', input: [{ provider, path: input }] })
    expect(definition.output[0]).toMatchObject({ path: output })
    const id = provider.split('.')[1] ?? ''
    expect(definition.providers.onedata?.[id]).toMatchObject({
      oneprovider_host: expect.stringMatching(/\./),
      space: expect.any(String),
    })
  })

  it.each([
    ['scar-3-environment', { vcpus: 1, memory: 4_096, gpus: 1, maxVcpus: 8, instanceTypes: ['p2.xlarge'] }],
    ['draft-of-lists', { vcpus: 2, memory: 4_096, gpus: 1, maxVcpus: 2, instanceTypes: ['g4dn.xlarge'] }],
    ['draft-of-storages', { vcpus: 1, memory: 1_024, gpus: 0, maxVcpus: 2, instanceTypes: ['optimal'] }],
    ['scar-4.0', { vcpus: 2, memory: 2_048, gpus: 0, maxVcpus: 2, instanceTypes: ['m5.large'] }],
    ['scar-4', { vcpus: 4, memory: 40_000, gpus: 1, maxVcpus: 12, subnets: ['subnet-0a0a0a0a'] }],
    ['oscar', { vcpus: 2, memory: 16_384, gpus: 1, instanceTypes: ['g4dn.2xlarge'] }],
  ])('%s gives its job what it asks for', (file, resources) => {
    expect(read(file).resources).toMatchObject(resources)
  })

  it.each([
    ['scar-3-environment', 'canary-token-of-the-file'],
    ['scar-3-variables', 'the token given'],
    ['draft-of-lists', 'canary-token-of-the-file'],
    ['scar-4', 'canary-token-of-the-file'],
    ['oscar', 'the token given'],
  ])('%s gives the supervisor its input and the provider with its token', (file, token) => {
    const definition = read(file)
    const [provider = '', id = ''] = definition.input[0]?.provider.split('.') ?? []

    expect(functionConfigOf(definition)).toMatchObject({
      name: definition.name,
      execution_mode: 'batch',
      input: [{ storage_provider: `${provider}.${id}`, path: definition.input[0]?.path }],
      storage_providers: { onedata: { [id]: { token } } },
    })
  })

  it('keeps variables that hold secrets out of the job definition', () => {
    const { job } = jobOf(read('scar-3-environment'), { script: null, stack: 'x', token: () => new Secret('t') })

    expect(Object.keys(job.environment)).toEqual(['AWS_LAMBDA_FUNCTION_NAME', 'MODEL'])
    expect(Object.keys(job.secretEnvironment)).toEqual(['FUNCTION_CONFIG', 'DATABASE_PASSWORD'])
  })

  it('watches the folder without slashes around it, and starts the job of its name', () => {
    expect(configurationOf(read('scar-4.0')).raw).toEqual({
      sources: { 'scar-darknet': { type: 'onedata', host: 'provider.example.org' } },
      triggers: {
        'scar-darknet': {
          watch: { source: 'scar-darknet', space: 'Gamma', folder: 'images' },
          deliver: ['scar-darknet'],
        },
      },
      targets: { 'scar-darknet': { type: 'batch', queue: 'scar-darknet', definition: 'scar-darknet' } },
    })
    expect(configurationOf(read('scar-4-lambda')).raw.targets).toEqual({
      'scar-thumbnail': { type: 'lambda', function: 'scar-thumbnail' },
    })
  })
})

describe('a definition is refused', () => {
  const files: Readonly<Record<string, string>> = {
    empty: 'functions: {}',
    several: 'functions: { a: { image: x }, b: { image: y } }',
    's3.yaml': [
      'functions: { aws: [{ lambda: { name: a, execution_mode: batch, container: { image: x }, input: [{ storage_provider: s3, path: b }], output: [{ storage_provider: onedata.g, path: o }] } }] }',
      'storage_providers: { onedata: { g: { oneprovider_host: h.example.org, space: S } } }',
    ].join('\n'),
    lost: 'functions: { a: { image: x, init_script: absent.sh, environment: { ONEPROVIDER_HOST: h, ONEDATA_SPACE: S } } }',
  }
  const from = {
    ...reading,
    readFile: (file: string) => {
      const text = files[file]
      if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
      return text
    },
  }

  it.each([
    ['without a function', 'empty', 'there is no function with a name and an image in it'],
    ['with several, none of which is named', 'several', 'name one of them, as several#a (a, b)'],
    ['that lacks the one that is named', 'several#c', 'there is no function "c"; it has a, b'],
    ['whose script is not there', 'lost', 'absent.sh cannot be read (ENOENT)'],
  ])('%s', (_what, file, words) => {
    expect(() => readDefinition(file, from)).toThrow(words)
  })

  it('that takes nothing from Onedata, though it puts its results there', () => {
    const [definition] = readDefinitions(parse(files['s3.yaml'] ?? ''))

    expect(() => configurationOf(definition ?? expect.unreachable('it is there'))).toThrow('there is nothing to watch')
  })
})
