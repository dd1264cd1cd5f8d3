import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { generateConfigReference } from '../../src/config/reference.ts'
import { configJsonSchema } from '../../src/config/schema.ts'
import { settings } from '../../src/config/settings.ts'
import { tempDir } from '../support/temp-dir.ts'
import { withFile } from './load-input.ts'

const examples = join(import.meta.dirname, '../../examples')

describe('the reference of the configuration', () => {
  const reference = generateConfigReference()

  it('explains every option: no row lacks its type or its meaning', () => {
    const rows = reference.split('\n').filter((line) => line.startsWith('| `'))

    expect(rows.length).toBeGreaterThan(60)
    expect(rows.filter((row) => /\|\s*\|/.test(row))).toEqual([])
  })

  it('has defaults and types', () => {
    expect(reference).toContain('| `completion.stableFor` | duration | `20s` |')
    expect(reference).toContain('| `token` | secret | **required** |')
    expect(reference).toContain('| `revisions` | `each`, `once` | `each` |')
    expect(reference).toContain('| `concurrency` | whole number from 1 to 1000 | `16` |')
    expect(reference).toContain('| `url` | URL or secret | **required** |')
  })

  it('has every flag with its variable', () => {
    expect(settings.filter(({ env }) => !reference.includes(`\`${env}\``))).toEqual([])
  })
})

describe('the JSON Schema', () => {
  it('is about what people write: what has a default is not required', () => {
    const schema = JSON.stringify(configJsonSchema())

    expect(configJsonSchema()).toMatchObject({ required: ['sources'], additionalProperties: false })
    expect(schema).toContain('"default":"20s"')
  })
})

describe.each(readdirSync(examples).filter((name) => name.endsWith('.yaml')))('the example %s', (name) => {
  const example = readFileSync(join(examples, name), 'utf8')

  it('is in order, once its secrets are there', () => {
    const folder = tempDir()
    writeFileSync(join(folder, 'key'), 'https://example.org/hook')
    const text = example.replaceAll(/file: \/run\/secrets\/[\w-]+/g, `file: ${join(folder, 'key')}`)

    // A variable that the file does not name would be a second description of a trigger.
    const named = ['ONEDATA_ACCESS_TOKEN', 'PIPELINE_SECRET'].filter((variable) => text.includes(variable))

    const config = loadConfig(withFile(text, { env: Object.fromEntries(named.map((variable) => [variable, 'value'])) }))

    expect(config.triggers.length).toBeGreaterThan(0)
    expect(config.triggers.flatMap(({ deliver }) => deliver).every((target) => config.targets.has(target))).toBe(true)
  })

  it('points editors at the JSON Schema', () => {
    expect(example.split('\n')[0]).toBe('# yaml-language-server: $schema=../docs/reference/onetrigger.schema.json')
  })
})
