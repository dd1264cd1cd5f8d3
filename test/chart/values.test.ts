import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { chartPages } from '../../scripts/gen-chart.ts'
import { undescribed, valueComments } from '../../scripts/gen-chart-readme.ts'
import { chartValuesSchema } from '../../scripts/gen-chart-schema.ts'
import { configSchema } from '../../src/config/schema.ts'
import { root } from '../architecture/repository.ts'
import { chartFolder, valueSets } from './manifests.ts'
import { merged, overDefaults, schemaProblems } from './values-schema.ts'

const examples = readdirSync(join(root, 'examples')).filter((name) => name.endsWith('.yaml'))
const minimal = valueSets.find(({ name }) => name === 'minimal')?.text ?? ''

/** The smallest values that work, with a text of YAML laid over them. */
function valuesWith(text: string): unknown {
  return overDefaults(merged(parse(minimal), parse(text)))
}

describe('values.schema.json', () => {
  it('takes the values that the chart has by itself', async () => {
    expect(await schemaProblems(overDefaults({}))).toBe('')
  })

  it.each(valueSets)('takes the values of $name', async ({ text }) => {
    expect(await schemaProblems(overDefaults(parse(text)))).toBe('')
  })

  it.each(examples)('takes examples/%s as the configuration', async (name) => {
    const config: unknown = parse(readFileSync(join(root, 'examples', name), 'utf8'))

    expect(await schemaProblems(overDefaults({ config }))).toBe('')
  })

  it('takes what Helm adds where the chart is a part of another one', async () => {
    expect(await schemaProblems(valuesWith('{ global: { imageRegistry: x }, enabled: true }'))).toBe('')
  })

  it.each([
    ['two replicas on SQLite', 'replicaCount: 2', 'replicaCount must be equal to constant'],
    ['a key that nobody knows', 'replicas: 2', 'must NOT have additional properties'],
    ['a key of a section that nobody knows', 'image: { version: 1 }', 'must NOT have additional properties'],
    ['a number as text', 'replicaCount: "2"', 'replicaCount must be integer'],
    ['fewer than no replicas', 'replicaCount: -1', 'replicaCount must be >= 0'],
    ['text instead of a list', 'extraEnv: A=b', 'extraEnv must be array'],
    ['a variable without a name', 'extraEnv: [{ value: a }]', "must have required property 'name'"],
    ['a size that is none', 'persistence: { size: big }', 'persistence/size must match pattern'],
    ['a digest that is none', 'image: { digest: latest }', 'image/digest must match pattern'],
    [
      'a monitor of another kind',
      'monitor: { kind: Probe }',
      'monitor/kind must be equal to one of the allowed values',
    ],
    ['a label that is a number', 'podLabels: { team: 7 }', 'podLabels/team must be string'],
  ])('refuses %s', async (_what, text, said) => {
    expect(await schemaProblems(valuesWith(text))).toContain(said)
  })

  it.each([
    ['memory', 'store: { type: memory }', false],
    ['SQLite', 'store: { type: sqlite, path: /var/lib/onetrigger/a.db }', false],
    ['PostgreSQL', 'store: { type: postgres, url: { env: DATABASE_URL } }', true],
  ])('says whether several replicas may share %s', async (_store, text, may) => {
    const values = overDefaults({ replicaCount: 2, config: { ...parse(minimal).config, ...parse(text) } })

    expect((await schemaProblems(values)) === '').toBe(may)
  })

  it.each([
    [
      'a secret where a reference belongs',
      'sources: { s: { type: onedata, host: h, token: MDAx } }',
      'token must be object',
    ],
    [
      'two places for one secret',
      'sources: { s: { type: onedata, host: h, token: { env: A, file: b } } }',
      'must NOT have more than 1',
    ],
    ['no place for a secret', 'sources: { s: { type: onedata, host: h, token: {} } }', 'must NOT have fewer than 1'],
    ['an unknown kind of target', 'targets: { t: { type: pigeon } }', 'targets/t/type must be equal to one of'],
    [
      'an unknown option of a target',
      'targets: { t: { type: exec, command: [a], url: b } }',
      'must NOT have additional properties',
    ],
    [
      'a missing option of a target',
      'targets: { t: { type: oscar, service: a } }',
      "must have required property 'url'",
    ],
    [
      'a duration that is none',
      'triggers: { t: { watch: { source: s, space: a }, completion: { stableFor: soon } } }',
      'stableFor must match pattern',
    ],
    [
      'an event source that is reserved',
      'targets: { t: { type: eventbridge, bus: b, source: aws.s3 } }',
      'source must NOT be valid',
    ],
    [
      'options of another store',
      'store: { type: postgres, url: { env: A }, path: b }',
      'must NOT have additional properties',
    ],
    ['an option that nobody knows', 'retries: 3', 'must NOT have additional properties'],
  ])('refuses %s in the configuration', async (_what, text, said) => {
    const values = overDefaults({ config: { sources: {}, ...parse(text) } })

    expect(await schemaProblems(values)).toContain(said)
  })

  it('holds no regular expression that Go cannot read', () => {
    expect(readFileSync(join(chartFolder, 'values.schema.json'), 'utf8')).not.toMatch(/"pattern": ".*\(\?[!=<]/)
  })

  it('describes each value as values.yaml does', () => {
    const schema = JSON.stringify(chartValuesSchema(new Map([['image.tag', 'Which one']])))

    expect(schema).toContain('"tag":{"type":"string","description":"Which one"}')
  })
})

/** Copies of a value in which one thing is another one, is missing, or is too much, at any depth. */
function* mutants(value: unknown): Generator<unknown> {
  yield* [7, -1, 0.5, 'x', '', true, {}, []]
  if (Array.isArray(value)) {
    for (const [index, child] of value.entries()) for (const other of mutants(child)) yield value.with(index, other)
  } else if (typeof value === 'object' && value !== null) {
    yield { ...value, unknown: 1 }
    for (const [key, child] of Object.entries(value)) {
      yield Object.fromEntries(Object.entries(value).filter(([other]) => other !== key))
      for (const other of mutants(child)) yield { ...value, [key]: other }
    }
  }
}

describe.each(examples)('whatever one changes in examples/%s', (name) => {
  const config: unknown = parse(readFileSync(join(root, 'examples', name), 'utf8'))
  const all = [...mutants(config)].filter((mutant) => typeof mutant === 'object' && !Array.isArray(mutant))

  it('the schema of the values never refuses what OneTrigger takes', { timeout: 60_000 }, async () => {
    const taken = all.filter((mutant) => configSchema.safeParse(mutant).success)
    const refused: string[] = []
    for (const mutant of taken) {
      const problems = await schemaProblems({ config: mutant })
      if (problems !== '') refused.push(`${problems}: ${JSON.stringify(mutant)}`)
    }

    expect(taken.length).toBeGreaterThan(20)
    expect(refused).toEqual([])
  })

  it('the schema of the values refuses keys that OneTrigger does not know, and wrong types', {
    timeout: 60_000,
  }, async () => {
    const wrong = all.filter((mutant) => {
      const { error } = configSchema.safeParse(mutant)
      return error?.issues.every(({ code }) => code === 'unrecognized_keys' || code === 'invalid_type')
    })
    const taken: string[] = []
    for (const mutant of wrong)
      if ((await schemaProblems({ config: mutant })) === '') taken.push(JSON.stringify(mutant))

    expect(wrong.length).toBeGreaterThan(50)
    expect(taken).toEqual([])
  })
})

describe('the values that documents show', () => {
  const documents = ['docs/how-to/kubernetes.md', 'charts/onetrigger/README.md']
  const shown = documents.flatMap((document) => {
    const text = readFileSync(join(root, document), 'utf8')
    return [...text.matchAll(/```yaml\n# values\.yaml(.*)\n([\s\S]*?)```/g)].map(([, where, yaml = '']) => ({
      where,
      document,
      yaml,
    }))
  })

  it('are found', () => {
    expect(shown.length).toBe(5)
  })

  it.each(shown)('are taken: $document$where, $yaml', async ({ where, yaml }) => {
    const values: unknown = where === '' ? overDefaults(parse(yaml)) : valuesWith(yaml)

    expect(await schemaProblems(values)).toBe('')
  })
})

describe('what is generated for the chart', () => {
  it.each(Object.entries(chartPages))('%s is up to date', (path, make) => {
    expect(readFileSync(join(root, path), 'utf8')).toBe(make())
  })

  it('says what each value means', () => {
    const text = readFileSync(join(chartFolder, 'values.yaml'), 'utf8')

    expect(undescribed(text, valueComments(text))).toEqual([])
  })
})

describe('the comments of values', () => {
  const text = `
# @section One
# -- The first,
# over two lines
a: 1
b:
  # -- Inside
  c: { d: 1 }
# @section Two
# not a description
e: 2
`

  it('are about the key that follows, wherever it is', () => {
    expect(valueComments(text)).toEqual([
      { path: 'a', section: 'One', description: 'The first, over two lines' },
      { path: 'b.c', section: 'One', description: 'Inside' },
    ])
  })

  it('are missed where they are missing', () => {
    expect(undescribed(text, valueComments(text))).toEqual(['e'])
  })

  it('must be about something', () => {
    expect(() => valueComments('# -- Lost\n\na: 1')).toThrow('this is about nothing: Lost')
  })
})
