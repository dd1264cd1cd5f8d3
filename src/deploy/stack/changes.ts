import { isObject } from '../../lib/is-object.ts'

/** One difference between two templates or sets of parameters. */
export interface Change {
  readonly kind: 'added' | 'removed' | 'changed'
  /** `Resources.Function.Properties.Timeout` */
  readonly path: string
  readonly before?: string
  readonly after?: string
}

/** Where things have names of their own; below a thing that comes or goes as a whole nothing more is told. */
const wholeDepth = 2
/** A script or user data in full would hide the rest. */
const mostText = 120

/** What turns `before` into `after`. */
export function changesBetween(before: unknown, after: unknown, path: readonly string[] = []): readonly Change[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return []
  if (isObject(before) && isObject(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)])
    return [...keys].flatMap((key) => changesBetween(before[key], after[key], [...path, key]))
  }
  const place = path.join('.')
  const isWhole = path.length === wholeDepth
  if (before === undefined) return [{ kind: 'added', path: place, ...(isWhole ? {} : { after: shown(after) }) }]
  if (after === undefined) return [{ kind: 'removed', path: place, ...(isWhole ? {} : { before: shown(before) }) }]
  return [{ kind: 'changed', path: place, before: shown(before), after: shown(after) }]
}

/** `~ Resources.Function.Properties.Timeout: 300 -> 600` */
export function changeLine({ kind, path, before, after }: Change): string {
  const sign = { added: '+', removed: '-', changed: '~' }[kind]
  const values = kind === 'changed' ? `${before} -> ${after}` : (before ?? after ?? '')
  return values === '' ? `${sign} ${path}` : `${sign} ${path}: ${values}`
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length <= mostText ? text : `${text.slice(0, mostText)}…`
}
