import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { root } from '../architecture/repository.ts'

const texts = z.record(z.string(), z.string()).default({})

const manifestSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().optional(),
    labels: texts,
    annotations: texts,
  }),
})

/** An object of Kubernetes, as a chart renders it. */
export type Manifest = z.output<typeof manifestSchema>

/** The objects in a text of YAML documents; empty documents are none. Throws where YAML or the form of an object is broken. */
export function parseManifests(text: string): readonly Manifest[] {
  return parseAllDocuments(text, { stringKeys: true, uniqueKeys: true })
    .map((document) => {
      if (document.errors[0] !== undefined) throw document.errors[0]
      const value: unknown = document.toJS()
      return value
    })
    .filter((value) => value !== null)
    .map((value) => manifestSchema.parse(value))
}

export const chartFolder = join(root, 'charts', 'onetrigger')
export const goldenFolder = join(root, 'test', 'chart', 'golden')
const valuesFolder = join(root, 'test', 'chart', 'values')

/** Values that somebody may install the chart with. */
export interface ValueSet {
  readonly name: string
  /** Path of the file. */
  readonly file: string
  /** Arguments for helm, from a line `# helm: …` at the top. */
  readonly args: readonly string[]
  readonly text: string
}

/** Every file of test/chart/values; each has a golden file of the same name. */
export const valueSets: readonly ValueSet[] = yamlFiles(valuesFolder).map((file) => {
  const text = readFileSync(file, 'utf8')
  const args = /^# helm: (.*)$/m.exec(text)?.[1]?.split(' ') ?? []
  return { name: basename(file, '.yaml'), file, args, text }
})

/** Files that the chart copies into objects, with the indentation that they get there. Changes of theirs are no changes of the chart. */
const copied = [
  ['files/onetrigger.rules.yaml', 2],
  ['files/onetrigger.json', 4],
  ['files/answers.mjs', 10],
] as const

/** What the chart rendered when the golden files were last written, by the name of the value set. */
export const goldens: ReadonlyMap<string, readonly Manifest[]> = new Map(
  yamlFiles(goldenFolder).map((file) => [
    basename(file, '.yaml'),
    parseManifests(expanded(readFileSync(file, 'utf8'))),
  ]),
)

/** What was rendered without what changes for reasons of others: the version, and contents of copied files. So it is kept as a golden file. */
export function condensed(rendered: string, version: string): string {
  const text = rendered.replaceAll(version, 'VERSION').replaceAll(/ +$/gm, '')
  return copied.reduce(
    (shorter, [file, indent]) => shorter.replace(contents(file, indent), standIn(file, indent)),
    text,
  )
}

function expanded(golden: string): string {
  return copied.reduce(
    (text, [file, indent]) => text.replace(standIn(file, indent), () => contents(file, indent)),
    golden,
  )
}

function standIn(file: string, indent: number): string {
  return `${' '.repeat(indent)}# the contents of ${file}`
}

function contents(file: string, indent: number): string {
  const lines = readFileSync(join(chartFolder, file), 'utf8').trimEnd().split('\n')
  return lines.map((line) => (line === '' ? line : `${' '.repeat(indent)}${line}`)).join('\n')
}

function yamlFiles(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .map((name) => join(folder, name))
}
