import { configJsonSchema } from './schema.ts'
import { longFlag, settings } from './settings.ts'

const secretKeys = ['env', 'file', 'arn'] as const

/** The parts of JSON Schema that zod makes of our schema. */
interface Node {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly pattern?: string
  readonly format?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly properties?: Readonly<Record<string, Node>>
  readonly required?: readonly string[]
  readonly additionalProperties?: Node | false
  readonly items?: Node
  readonly anyOf?: readonly Node[]
  readonly oneOf?: readonly Node[]
}

/** Markdown: every option of `onetrigger.yaml` and of the environment with its type, default and meaning. */
export function generateConfigReference(): string {
  // Our own schema, through zod: it holds nothing else.
  const { properties = {} } = configJsonSchema() as Node
  const sections = Object.entries(properties).map(([name, node]) => section(name, node))
  return [
    '# Configuration',
    'A file for any number of triggers (`onetrigger run --config onetrigger.yaml`), or flags and environment for one. What is given counts in this order: flag, environment, file, default.',
    'Durations are written `500ms`, `20s`, `10m`, `2h` or `3d`. A secret is never written down but named: `{ env: NAME }` for an environment variable, `{ file: PATH }` for a file, which is read again when it changes, `{ arn: ARN }` in the scheduled function for a secret of AWS.',
    'Names of sources, triggers and targets are made of lower-case letters, digits and hyphens, at most 63 characters. They are part of the ids of events and deliveries: see `renamedFrom`.',
    'There is an [example](../../examples/onetrigger.yaml), and a JSON Schema for editors: `onetrigger schema`.',
    '## onetrigger.yaml',
    ...sections,
    '## Flags and environment',
    'With a configuration file only those count that are marked with *; the others are refused, because they describe a trigger.',
    `${table(['flag', 'variable', 'in the file', 'meaning'], settings.map(settingRow))}\n`,
  ].join('\n\n')
}

function settingRow(setting: (typeof settings)[number]): readonly string[] {
  const { env, envFile, path, scope, about } = setting
  const variables = envFile === undefined ? `\`${env}\`` : `\`${env}\`, \`${envFile}\``
  return [`\`${longFlag(setting)}\`${scope === 'process' ? ' *' : ''}`, variables, `\`${path.join('.')}\``, about]
}

function section(name: string, node: Node): string {
  const inner = typeof node.additionalProperties === 'object' ? node.additionalProperties : node
  const place = inner === node ? name : `${name}.NAME`
  const head = `### ${place}\n\n${node.description ?? ''}.`
  if (inner.oneOf === undefined && inner.properties === undefined) return `${head}\n\n${describeType(node)}.`
  const variants = inner.oneOf ?? [inner]
  return [head, ...variants.map((variant) => variantTable(variant, inner.oneOf !== undefined))].join('\n\n')
}

function variantTable(variant: Node, isOneOfMany: boolean): string {
  const type = variant.properties?.type
  const title = isOneOfMany ? [`**\`type: ${String(type?.const)}\`** ${type?.description ?? ''}.`] : []
  const rows = rowsOf(variant, '').filter(([path]) => path !== '`type`')
  return [...title, ...(rows.length === 0 ? [] : [table(['option', 'type', 'default', 'meaning'], rows)])].join('\n\n')
}

/** `required`: what is said of a key that has to be there. */
function rowsOf(node: Node, prefix: string, required = '**required**'): readonly (readonly string[])[] {
  return Object.entries(node.properties ?? {}).flatMap(([key, field]) => {
    const path = `${prefix}${key}`
    const isRequired = node.required?.includes(key) === true
    if (field.properties !== undefined) {
      return rowsOf(field, `${path}.`, isRequired ? required : `required with \`${path}\``)
    }
    const preset = isRequired ? required : describeDefault(field.default)
    const row = [`\`${path}\``, describeType(field), preset, field.description ?? '']
    return [row, ...mapsOf(field).flatMap((map) => rowsOf(map, `${path}.`, 'one of these'))]
  })
}

/** Where a field is one of several maps, none of them a secret: those. */
function mapsOf({ anyOf, oneOf }: Node): readonly Node[] {
  const variants = anyOf ?? oneOf ?? []
  return variants.every((variant) => describeType(variant) === 'map' && variant.properties !== undefined)
    ? variants
    : []
}

function describeDefault(value: unknown): string {
  if (value === undefined || value === '') return '-'
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map((item) => `\`${String(item)}\``).join(' ')
  return typeof value === 'object' ? '-' : `\`${String(value)}\``
}

function describeType(node: Node): string {
  const variants = node.anyOf ?? node.oneOf
  if (variants !== undefined) return [...new Set(variants.map(describeType))].join(' or ')
  if (node.enum !== undefined) return node.enum.map((value) => `\`${String(value)}\``).join(', ')
  switch (node.type) {
    case 'object':
      return describeMap(node)
    case 'array':
      return `list: ${describeType(node.items ?? {})}`
    case 'string':
      return describeText(node)
    case 'boolean':
      return '`true`, `false`'
    default:
      return `${node.type === 'integer' ? 'whole number' : 'number'}${describeRange(node)}`
  }
}

function describeMap({ properties, additionalProperties }: Node): string {
  if (properties !== undefined) return secretKeys.some((key) => key in properties) ? 'secret' : 'map'
  return typeof additionalProperties === 'object' ? `map of names: ${describeType(additionalProperties)}` : 'map'
}

function describeText({ format, pattern }: Node): string {
  if (format === 'uri') return 'URL'
  return pattern?.includes('(ms|s|m|h|d)') ? 'duration' : 'text'
}

function describeRange({ minimum, exclusiveMinimum, maximum = Number.MAX_SAFE_INTEGER }: Node): string {
  const from = minimum === undefined ? [] : [`from ${minimum}`]
  const above = exclusiveMinimum === undefined ? [] : [`above ${exclusiveMinimum}`]
  const to = maximum < Number.MAX_SAFE_INTEGER ? [`to ${maximum}`] : []
  return [...from, ...above, ...to].map((part) => ` ${part}`).join('')
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
