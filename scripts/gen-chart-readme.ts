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
  const parents: { readonly indent: number; readonly key: string }[] = []
  let section = ''
  let description: string | null = null
  for (const line of text.split('\n')) {
    const [, begun] = /^\s*# -- (.*)$/.exec(line) ?? []
    const [, continued] = /^\s*# (.*)$/.exec(line) ?? []
    const [, indent = '', key] = /^( *)([\w-]+):/.exec(line) ?? []
    section = /^# @section (.*)$/.exec(line)?.[1] ?? section
    if (begun !== undefined) description = begun
    else if (description !== null && continued !== undefined) description = `${description} ${continued}`
    else if (key !== undefined) {
      while ((parents.at(-1)?.indent ?? -1) >= indent.length) parents.pop()
      parents.push({ indent: indent.length, key })
      const path = parents.map((parent) => parent.key).join('.')
      if (description !== null) found.push({ path, section, description })
      description = null
    } else if (description !== null) throw new Error(`values.yaml: this is about nothing: ${description}`)
  }
  return found
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
  return head.replace('<!-- values -->', tables.join('\n\n'))
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
