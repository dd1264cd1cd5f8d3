import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
  type YAMLError,
} from 'yaml'
import { configError, type Locate, type Path, pathText } from './problem.ts'

/** A configuration of hundreds of triggers is far below. */
const mostBytes = 1_048_576
/** Aliases may be used; a few that contain each other can unfold into billions of nodes. */
const mostAliases = 100
/** Looking one up goes through the whole file. */
const mostLookUps = 200

/** A configuration file as plain values, with the way back to its lines. */
export interface YamlFile {
  readonly raw: unknown
  readonly locate: Locate
}

/** Reads YAML 1.2. Throws `CONFIG_INVALID` with all errors of syntax, each with its line; `name` is how people know the file. */
export function parseYaml(text: string, name: string): YamlFile {
  if (Buffer.byteLength(text) > mostBytes) throw configError([`${name}: the file is larger than 1 MiB`])
  const counter = new LineCounter()
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false, logLevel: 'error' })
  const lineAt = (offset: number) => counter.linePos(offset).line
  const faults = [...syntaxFaults(document), ...structureFaults(document)]
  if (faults.length > 0) {
    // One slip makes several errors in a row; the first of a line is the one that helps.
    const byLine = new Map(faults.toReversed().map(({ offset, message }) => [lineAt(offset), message]))
    const lines = [...byLine].toSorted(([a], [b]) => a - b)
    throw configError(lines.map(([line, message]) => `${name}:${line}: ${message}`))
  }
  const locate: Locate = (path) => {
    const line = lineAt(offsetOf(document, path))
    return { line, text: path.length === 0 ? `${name}:${line}` : `${name}:${line}: ${pathText(path)}` }
  }
  return { raw: toValues(document, name), locate }
}

interface Fault {
  readonly offset: number
  readonly message: string
}

function syntaxFaults(document: Document): readonly Fault[] {
  return [...document.errors, ...document.warnings].map((error) => ({ offset: error.pos[0], message: explain(error) }))
}

/** Mistakes that people make often get a word of help; the rest is the parser's own sentence. */
function explain({ code, message }: YAMLError): string {
  if (code === 'DUPLICATE_KEY') return 'this name is used twice'
  if (code === 'TAB_AS_INDENT') return 'indentation is made of blanks, not of tabs'
  if (code === 'MULTIPLE_DOCS') return 'one file holds one configuration; there is a second one behind ---'
  if (/block.seq/i.test(message)) {
    return 'an item of a list begins with "- " on a line of its own; a value that begins with - must be in quotes'
  }
  return `this is not YAML as it is expected here: ${message}`
}

/** What is YAML, but cannot be plain values. */
function structureFaults(document: Document): readonly Fault[] {
  const faults: Fault[] = []
  let aliases = 0
  visit(document, {
    Alias: (_key, alias, ancestors) => {
      const offset = alias.range?.[0] ?? 0
      aliases += 1
      if (aliases > mostLookUps) {
        faults.push({ offset, message: `a file may have no more than ${mostLookUps} aliases` })
        return visit.BREAK
      }
      const resolved = alias.resolve(document)
      if (resolved === undefined) {
        faults.push({ offset, message: 'a value that begins with * must be in quotes, as "*.avi"' })
      } else if (ancestors.includes(resolved)) {
        faults.push({ offset, message: `*${alias.source} stands inside of what it stands for` })
      }
    },
    Pair: (_key, pair) => {
      if (isScalar(pair.key)) {
        if (pair.key.value === '__proto__')
          faults.push({ offset: pair.key.range?.[0] ?? 0, message: 'this is not a name' })
        return
      }
      const offset = isMap(pair.key) || isSeq(pair.key) || isAlias(pair.key) ? (pair.key.range?.[0] ?? 0) : 0
      faults.push({ offset, message: 'a key must be a word; a value that begins with { or [ must be in quotes' })
    },
  })
  return faults
}

function toValues(document: Document, name: string): unknown {
  try {
    return document.toJS({ maxAliasCount: mostAliases })
  } catch (cause) {
    throw configError([`${name}: ${cause instanceof Error ? cause.message : 'its aliases unfold into too much'}`])
  }
}

/** Where the deepest part of `path` that exists begins: the key's offset, so that the line is the one a person would look at. */
function offsetOf(document: Document, path: Path): number {
  let node: Node | null = document.contents
  let offset = node?.range?.[0] ?? 0
  for (const key of path) {
    const child = childOf(document, node, key)
    if (child === null) return offset
    offset = child.offset ?? offset
    node = child.node
  }
  return offset
}

interface Child {
  readonly node: Node | null
  readonly offset: number | null
}

function childOf(document: Document, parent: Node | null, key: string | number): Child | null {
  const node = isAlias(parent) ? (parent.resolve(document) ?? null) : parent
  if (isSeq<Node>(node) && typeof key === 'number') {
    const item = node.items[key]
    return item === undefined ? null : { node: item, offset: item.range?.[0] ?? null }
  }
  if (!isMap<Node, Node | null>(node)) return null
  const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key))
  return pair === undefined ? null : { node: pair.value, offset: pair.key.range?.[0] ?? null }
}
