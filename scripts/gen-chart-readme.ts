// Reads what the comments of charts/onetrigger/values.yaml say, and lists it in the chart's README.
import { parse } from 'yaml'

/** What a comment says of one value. */
export interface ValueComment {
  /** As `image.tag` */
  readonly path: string
  readonly section: string
  readonly description: string
}

/**
 * Comments as helm-docs has them: `# -- …`, also over several lines, is about the key that follows; `# @section …` begins a section. Throws where
 * a comment is about nothing.
 */
export function valueComments(text: string): readonly ValueComment[] {
  const found: ValueComment[] = []
  let parents: readonly Key[] = []
  let section = ''
  let said: readonly string[] = []
  for (const { kind, indent, words } of text.split('\n').map(readLine)) {
    if (kind === 'section') section = words
    if (kind === 'begins') said = [words]
    if (kind === 'goes on' && said.length > 0) said = [...said, words]
    if (kind === 'other' && said.length > 0) throw new Error(`values.yaml: this is about nothing: ${said.join(' ')}`)
    if (kind !== 'key') continue
    parents = [...parents.filter((parent) => parent.indent < indent), { indent, words }]
    const path = parents.map((parent) => parent.words).join('.')
    if (said.length > 0) found.push({ path, section, description: said.join(' ') })
    said = []
  }
  return found
}

interface Key {
  readonly indent: number
  readonly words: string
}

/** The first that fits decides what a line is. */
const lineKinds = [
  ['section', /^( *)# @section (.*)$/],
  ['begins', /^( *)# -- (.*)$/],
  ['goes on', /^( *)# (.*)$/],
  ['key', /^( *)([\w-]+):/],
] as const

function readLine(line: string) {
  for (const [kind, pattern] of lineKinds) {
    const [, indent, words] = pattern.exec(line) ?? []
    if (indent !== undefined && words !== undefined) return { kind, indent: indent.length, words }
  }
  return { kind: 'other', indent: 0, words: '' } as const
}

/** Paths of values that no comment is about, neither about them nor about what they are in. */
export function undescribed(text: string, comments: readonly ValueComment[]): readonly string[] {
  const paths = new Set(comments.map(({ path }) => path))
  const walk = (value: unknown, path: string): readonly string[] => {
    if (paths.has(path)) return []
    const children = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : []
    if (children.length === 0) return [path]
    return children.flatMap(([key, child]) => walk(child, path === '' ? key : `${path}.${key}`))
  }
  return walk(parse(text), '')
}

/** README.md of the chart: `head`, in which `<!-- values -->` stands for the tables. */
export function chartReadme(head: string, text: string): string {
  const values: unknown = parse(text)
  const sections = Map.groupBy(valueComments(text), ({ section }) => section)
  const tables = [...sections].map(([section, comments]) => {
    const rows = comments.map(({ path, description }) => row(path, valueAt(values, path), description))
    return `### ${section}\n\n| value | default | meaning |\n| --- | --- | --- |\n${rows.join('\n')}`
  })
  return head.replace('<!-- values -->', () => tables.join('\n\n'))
}

function row(path: string, value: unknown, description: string): string {
  return `| \`${path}\` | \`${JSON.stringify(value)}\` | ${description.replaceAll('|', '\\|')} |`
}

function valueAt(values: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => {
    if (typeof value !== 'object' || value === null) throw new Error(`values.yaml has no ${path}`)
    return Object.entries(value).find(([name]) => name === key)?.[1]
  }, values)
}
