import fc from 'fast-check'
import { stringify } from 'yaml'
import { loadConfig } from '../../../src/config/load.ts'
import { parseYaml } from '../../../src/config/yaml-file.ts'
import { ConfigError } from '../../../src/core/errors.ts'
import { configurationOf } from '../../../src/deploy/definition/configuration-of.ts'
import { readDefinitions } from '../../../src/deploy/definition/read-definitions.ts'
import { aFile, withFile } from '../../config/load-input.ts'
import { type Area, property } from '../fuzz.ts'
import { junk, mutated, mutations, texts } from '../junk.ts'

/** Something of everything that can be configured. */
const fullConfiguration = {
  sources: {
    hub: { type: 'onedata', host: 'p.example.org', token: { env: 'TOKEN' }, via: 'auto', limits: { perSecond: 5 } },
  },
  targets: {
    hook: {
      type: 'webhook',
      url: 'https://example.org/hook',
      headers: { 'X-A': 'b' },
      secret: { env: 'HOOK_KEY' },
      retry: { delays: ['5s', '1m'] },
    },
    gpu: { type: 'batch', region: 'us-east-1', queue: 'q', environment: { A: 'b' }, gpus: 1 },
    fn: { type: 'lambda', region: 'us-east-1', function: 'f' },
    bus: { type: 'eventbridge', region: 'us-east-1' },
    yolo: { type: 'oscar', url: 'https://oscar.example.org', service: 'yolo', token: { env: 'TOKEN' } },
    local: { type: 'exec', command: ['./process.sh'] },
  },
  triggers: {
    video: {
      watch: { source: 'hub', space: 'Gamma', folder: 'in', include: ['*.avi'], exclude: ['old/**'] },
      completion: { stableFor: '20s', marker: '{name}.done', declaredSize: 'bytes', ignore: ['*.x'], xattr: 'a=b' },
      deliver: ['hook', 'gpu'],
      existing: 'ignore',
    },
  },
  store: { type: 'memory' },
  http: { listen: '127.0.0.1:0' },
}

const definition = {
  functions: {
    aws: [
      {
        lambda: {
          name: 'yolo',
          container: { image: 'grycap/yolo' },
          init_script: 'run.sh',
          execution_mode: 'batch',
          input: [{ storage_provider: 'onedata.hub', path: 'in' }],
          environment: { Variables: { A: 'b' } },
        },
        batch: { vcpus: 2, memory: 4_096, enable_gpu: true, compute_resources: { instance_types: ['g4dn.xlarge'] } },
      },
    ],
    oscar: [
      {
        cluster: {
          name: 'grey',
          image: 'grycap/grey',
          cpu: '500m',
          memory: '1Gi',
          script: 's.sh',
          input: [{ storage_provider: 'onedata', path: '/in' }],
        },
      },
    ],
  },
  storage_providers: { onedata: { hub: { oneprovider_host: 'p.example.org', token: 't', space: 'Gamma' } } },
}

/** YAML that grows, or goes deep. */
const bombs = fc.oneof(
  fc.tuple(fc.integer({ min: 2, max: 30 }), fc.integer({ min: 2, max: 30 })).map(([levels, width]) => {
    const lines = ['a0: &a0 [x]']
    for (let level = 1; level < levels; level++)
      lines.push(`a${level}: &a${level} [${Array.from({ length: width }, () => `*a${level - 1}`).join(', ')}]`)
    return lines.join('\n')
  }),
  fc
    .tuple(
      fc.constantFrom('[', '{a: ', '- ', '? ', 'a:\n', '!!map ', '&a ', '"', "'", '[&a [*a, ', '>', '|'),
      fc.integer({ min: 1, max: 3_000 }),
    )
    .map(([part, times]) => part.repeat(times)),
  fc.integer({ min: 1, max: 1_200 }).map((depth) =>
    Array.from({ length: depth }, (_, level) => `${' '.repeat(level)}a:`)
      .join('\n')
      .slice(0, 1_000_000),
  ),
  fc.constantFrom(
    '<<: *a',
    'a: &a {<<: *a}',
    '!!binary x',
    '!!js/function x',
    '%YAML 9.9\n---\na',
    '---\n---\n',
    '\ufeffa: 1',
    `a: 0x${'f'.repeat(5_000)}`,
    'a: 1e999',
    '? [a]: b',
    '__proto__: {x: 1}',
    'a: !!set {x}',
    '2001-01-01: x',
    '*a',
  ),
)

function loadedOrRefused(yaml: string): void {
  try {
    loadConfig(withFile(yaml))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    if (error.message.length > 200_000) throw new Error(`a message of ${error.message.length} characters`)
  }
}

function readOrRefused(yaml: string): void {
  try {
    for (const each of readDefinitions(parseYaml(yaml, 'f.yaml').raw)) configurationOf(each)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
  }
}

export const configuration: Area = {
  'a configuration with something else in it is loaded or refused': property(mutations, (changes) => {
    loadedOrRefused(mutated(fullConfiguration, changes))
  }),
  'a configuration of anything is loaded or refused': property(junk, (value) => {
    loadedOrRefused(stringify(value, { aliasDuplicateObjects: false }) ?? '')
  }),
  'YAML that grows or goes deep is loaded or refused': property(bombs, loadedOrRefused),
  'a good file with any text in it is loaded or refused': property(fc.tuple(fc.nat(400), texts), ([at, text]) => {
    const valid = aFile()
    loadedOrRefused(valid.slice(0, at) + text + valid.slice(at))
  }),
  'a definition of functions with something else in it is read or refused': property(mutations, (changes) => {
    readOrRefused(mutated(definition, changes))
  }),
  'definitions of anything are read or refused': property(
    fc.oneof(
      bombs,
      junk.map((value) => stringify({ functions: value }) ?? ''),
    ),
    readOrRefused,
  ),
}
