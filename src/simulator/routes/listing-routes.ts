import { isObject } from '../../lib/is-object.ts'
import { posixError } from '../api-error.ts'
import { nameOfIndex, needsMoreThanNames, pickAttributes, type Selection, selectionOf } from '../attributes.ts'
import { type Answer, json, type Params, parseJson, type Route } from '../exchange.ts'
import { compareNames, type FileNode } from '../model/file-node.ts'
import { type ProviderState, type Subject, subjectOf } from '../provider-state.ts'
import { paramsOf } from './data-routes.ts'
import { oneprovider } from './paths.ts'

/** `/data/{id}/children`: one directory, page by page. */
export function listingRoutes(state: ProviderState): readonly Route[] {
  if (!state.generation.dataApi) return []
  return [
    {
      method: 'GET',
      template: `${oneprovider}/data/{id}/children`,
      handler: async (exchange) => {
        const params = await paramsOf(state, exchange)
        const subject = subjectOf(state, exchange)
        return children(state, subject, readRequest(state, params))
      },
    },
  ]
}

interface ListRequest {
  readonly limit: number
  readonly selection: Selection | null
  readonly token: string | null
  readonly index: string | null
  readonly inclusive: boolean
  readonly offset: number
}

function readRequest(state: ProviderState, params: Params): ListRequest {
  const { generation } = state
  const paged = generation.attributes === 'current' || !generation.childrenTokens
  const offsets = generation.childrenTokens ? { low: -500, high: 500 } : { low: Number.MIN_SAFE_INTEGER }
  return {
    limit: params.integer('limit', { low: 1, high: generation.maxLimit }) ?? 1_000,
    selection: generation.childrenTokens ? selectionOf(state, params) : null,
    token: generation.childrenTokens ? params.text('token') : null,
    index: paged ? params.text('index') : null,
    inclusive: params.flag('inclusive') ?? true,
    offset: (paged ? params.integer('offset', offsets) : null) ?? 0,
  }
}

function children(state: ProviderState, subject: Subject, request: ListRequest): Answer {
  const { node, tree } = subject
  const entries = listable(subject, request.selection)
  const start = startOf(node, entries, request)
  const limit = state.faults.pageSize(request.limit)
  const page = entries.slice(start, start + limit)
  const isLast = start + limit >= entries.length
  if (node.type === 'DIR') tree.touchAtime(node)
  const shown = page.map((entry) => item(state, subject, entry, request.selection))
  if (!state.generation.childrenTokens) return json({ children: shown, isLast })
  const after = page.at(-1)?.displayName ?? null
  return json({ children: shown, nextPageToken: pageToken(node, after, isLast), isLast })
}

/** The entries that the caller may see: of a file the file itself, of a directory on the way to what is allowed only what leads there. */
function listable({ node, access }: Subject, selection: Selection | null): readonly FileNode[] {
  const reach = access.requireRead(node)
  if (node.children === null) return [node]
  if (needsMoreThanNames(selection)) access.requireTraverse(node)
  const entries = node.children.sorted()
  return reach === 'inside' ? entries : entries.filter((entry) => access.reachOf(entry) !== 'outside')
}

function item(state: ProviderState, { tree }: Subject, node: FileNode, selection: Selection | null): object {
  if (selection !== null) return pickAttributes({ node, tree, state }, selection)
  const { generation } = state
  if (!generation.childrenTokens) return { id: node.fileId, name: node.displayName }
  const old = { file_id: node.fileId, name: node.displayName }
  return generation.attributes === 'current' ? { fileId: node.fileId, ...old } : old
}

function startOf(node: FileNode, entries: readonly FileNode[], request: ListRequest): number {
  if (request.token !== null) return readToken(node, entries, request.token)
  if (request.index === null) return Math.max(0, request.offset)
  const name = nameOfIndex(request.index)
  const at = lowerBound(entries, name)
  const skip = !request.inclusive && entries[at]?.displayName === name ? 1 : 0
  return Math.max(0, at + skip + request.offset)
}

/** Index of the first entry at or behind `name`. */
function lowerBound(entries: readonly FileNode[], name: string): number {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareNames(entries[middle]?.displayName ?? '', name) < 0) low = middle + 1
    else high = middle
  }
  return low
}

/** Also the last page has a token; using that one is what no provider answers well. */
function pageToken(directory: FileNode, after: string | null, isLast: boolean): string {
  return Buffer.from(JSON.stringify({ dir: directory.uuid, after, isLast })).toString('base64url')
}

function readToken(directory: FileNode, entries: readonly FileNode[], token: string): number {
  const value = parseJson(Buffer.from(token, 'base64url').toString())
  if (!isObject(value) || value.dir !== directory.uuid) throw posixError('einval')
  if (value.isLast === true) throw new Error('the token of a last page was used again')
  if (value.after === null) return 0
  if (typeof value.after !== 'string') throw posixError('einval')
  const at = lowerBound(entries, value.after)
  return entries[at]?.displayName === value.after ? at + 1 : at
}
