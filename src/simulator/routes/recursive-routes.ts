import { isObject } from '../../lib/is-object.ts'
import { posixError } from '../api-error.ts'
import { pickAttributes, type Selection, selectionOf } from '../attributes.ts'
import { json, parseJson, type Route } from '../exchange.ts'
import { compareNames, type FileNode } from '../model/file-node.ts'
import { type ProviderState, type Subject, subjectOf } from '../provider-state.ts'
import { paramsOf } from './data-routes.ts'
import { oneprovider } from './paths.ts'

/** `/data/{id}/files`: everything below a directory, page by page, in the order of whole paths. */
export function recursiveRoutes(state: ProviderState): readonly Route[] {
  if (!state.generation.recursiveApi) return []
  return [
    {
      method: 'GET',
      template: `${oneprovider}/data/{id}/files`,
      handler: async (exchange) => {
        const params = await paramsOf(state, exchange)
        const subject = subjectOf(state, exchange)
        const limit = params.integer('limit', { low: 1, high: state.generation.maxLimit }) ?? 1_000
        const selection = selectionOf(state, params, true)
        const token = params.text('token')
        const after = token === null ? params.text('start_after') : readToken(subject.node, token)
        subject.access.requireRead(subject.node)
        const pageSize = state.faults.pageSize(limit)
        const steps = walkFrom(subject, {
          after,
          prefix: params.text('prefix') ?? '',
          directories: params.flag('include_directories') ?? false,
        })
        return json(page(state, subject, steps, pageSize, selection))
      },
    },
  ]
}

/** One thing that the walk comes across; `unreadable` counts as one too. */
type Step =
  | { readonly kind: 'entry'; readonly path: string; readonly node: FileNode }
  | { readonly kind: 'unreadable'; readonly path: string }

interface WalkOptions {
  /** Path that was the last one of the page before. */
  readonly after: string | null
  readonly prefix: string
  readonly directories: boolean
}

function page(
  state: ProviderState,
  { node, tree }: Subject,
  steps: Iterator<Step>,
  limit: number,
  selection: Selection | null,
): object {
  const files: object[] = []
  const inaccessiblePaths: string[] = []
  let last: string | null = null
  for (let count = 0; count < limit; count++) {
    const step = steps.next()
    if (step.done === true) return { files, inaccessiblePaths, nextPageToken: null }
    last = step.value.path
    if (step.value.kind === 'unreadable') inaccessiblePaths.push(last)
    else files.push(entry(state, { node: step.value.node, tree, path: last }, selection))
  }
  const more = steps.next().done !== true
  const nextPageToken = more
    ? Buffer.from(JSON.stringify({ nodeId: node.uuid, startAfter: last })).toString('base64url')
    : null
  return { files, inaccessiblePaths, nextPageToken }
}

function entry(
  state: ProviderState,
  source: { readonly node: FileNode; readonly tree: Subject['tree']; readonly path: string },
  selection: Selection | null,
): object {
  if (selection !== null) return pickAttributes({ ...source, state }, selection)
  const old = { file_id: source.node.fileId, path: source.path }
  return state.generation.attributes === 'current' ? { fileId: source.node.fileId, ...old } : old
}

function* walkFrom(subject: Subject, options: WalkOptions): Generator<Step> {
  if (subject.node.children === null) {
    if (options.after === null) yield { kind: 'entry', path: '.', node: subject.node }
    return
  }
  subject.tree.touchAtime(subject.node)
  yield* walk(subject, subject.node, '', options)
}

function* walk(subject: Subject, directory: FileNode, base: string, options: WalkOptions): Generator<Step> {
  for (const { key, node, descend } of stepsOf(directory)) {
    const path = base + key
    if (!touches(path, descend, options)) continue
    if (subject.access.reachOf(node) === 'outside') continue
    if (!descend) {
      if (isWanted(subject, node, path, options)) yield { kind: 'entry', path, node }
    } else if (subject.access.mayList(node)) yield* walk(subject, node, path, options)
    else if (isBehind(path.slice(0, -1), options)) yield { kind: 'unreadable', path: path.slice(0, -1) }
  }
}

/** Every entry of a directory, and once more with a slash where it can be gone into, in the order of paths. */
function stepsOf(
  directory: FileNode,
): readonly { readonly key: string; readonly node: FileNode; readonly descend: boolean }[] {
  const entries = directory.children?.sorted() ?? []
  const steps = entries.map((node) => ({ key: node.displayName, node, descend: false }))
  const directories = entries.filter(({ type }) => type === 'DIR')
  if (directories.length === 0) return steps
  const into = directories.map((node) => ({ key: `${node.displayName}/`, node, descend: true }))
  return [...steps, ...into].sort((a, b) => compareNames(a.key, b.key))
}

function isWanted(subject: Subject, node: FileNode, path: string, options: WalkOptions): boolean {
  if (node.type === 'DIR' && !options.directories) return false
  return subject.access.reachOf(node) === 'inside' && isBehind(path, options) && path.startsWith(options.prefix)
}

/** Whether anything with that path, or below it where it is gone into, can still be on the page. */
function touches(path: string, descend: boolean, { after, prefix }: WalkOptions): boolean {
  const mayHavePrefix = path.startsWith(prefix) || (descend && prefix.startsWith(path))
  if (!mayHavePrefix) return false
  return after === null || compareNames(path, after) > 0 || (descend && after.startsWith(path))
}

function isBehind(path: string, { after }: WalkOptions): boolean {
  return after === null || compareNames(path, after) > 0
}

function readToken(root: FileNode, token: string): string {
  const value = parseJson(Buffer.from(token, 'base64url').toString())
  if (!isObject(value) || value.nodeId !== root.uuid || typeof value.startAfter !== 'string') throw posixError('einval')
  return value.startAfter
}
