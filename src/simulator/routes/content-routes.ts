import { Readable } from 'node:stream'
import { posixError } from '../api-error.ts'
import { type Answer, noContent, Params, type Route } from '../exchange.ts'
import type { Incoming } from '../listener.ts'
import type { FileNode } from '../model/file-node.ts'
import type { SpaceTree } from '../model/space-tree.ts'
import { type ProviderState, type Subject, subjectOf } from '../provider-state.ts'
import { oneprovider } from './paths.ts'

const content = `${oneprovider}/data/{id}/content`

/** `/data/{id}/content`: bytes in and out. */
export function contentRoutes(state: ProviderState): readonly Route[] {
  if (!state.generation.dataApi) return []
  return [
    {
      method: 'GET',
      template: content,
      handler: (exchange) => {
        const subject = subjectOf(state, exchange)
        if (subject.node.type === 'DIR') return directoryContent(state, subject.node)
        return download(subject, exchange.request)
      },
    },
    {
      method: 'PUT',
      template: content,
      handler: async (exchange) => {
        const { node, tree, access } = subjectOf(state, exchange)
        const offset = new Params(exchange.query).integer('offset', { low: 0 })
        if (node.type === 'DIR') throw posixError('eisdir')
        access.requireWrite(node)
        if (offset === null) tree.truncate(node, 0)
        await receive(exchange.request, tree, node, offset ?? 0)
        return noContent
      },
    },
  ]
}

/** Writes a body as it arrives, and syncs at its end, also when it breaks off: the pieces that came are there. */
export async function receive(request: Incoming, tree: SpaceTree, node: FileNode, offset: number): Promise<void> {
  let at = offset
  try {
    for await (const chunk of request) {
      if (node.deleted) throw posixError('enoent')
      tree.write(node, at, chunk)
      at += chunk.length
    }
  } finally {
    if (!node.deleted) tree.sync(node)
  }
}

/** The bytes of a file, or the range of them that was asked for. */
export function download({ node, tree, access }: Subject, request: Incoming): Answer {
  access.requireRead(node)
  access.requireInside(node)
  const range = parseRange(request.headers.range, node.size)
  if (range === 'unsatisfiable') return { status: 416, headers: { 'content-range': `bytes */${node.size}` } }
  tree.touchAtime(node)
  const { start, end } = range ?? { start: 0, end: node.size }
  const headers = {
    'content-type': 'application/octet-stream',
    'content-length': String(end - start),
    'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(node.name)}`,
  }
  const body = Readable.from(node.content.read(start, end))
  if (range === null) return { status: 200, headers, body }
  return { status: 206, headers: { ...headers, 'content-range': `bytes ${start}-${end - 1}/${node.size}` }, body }
}

/** One range as [start, end); null = the whole file; several ranges are answered with the whole file, which HTTP allows. */
export function parseRange(
  header: string | undefined,
  size: number,
): { readonly start: number; readonly end: number } | 'unsatisfiable' | null {
  if (header === undefined || header.includes(',')) return null
  const match = /^bytes=(\d*)-(\d*)$/.exec(header.trim())
  const first = match?.[1] ?? ''
  const last = match?.[2] ?? ''
  if (match === null || (first === '' && last === '')) return 'unsatisfiable'
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  const end = first === '' || last === '' ? size : Math.min(size, Number(last) + 1)
  return start >= end ? 'unsatisfiable' : { start, end }
}

/** Newer versions send whoever wants a directory's content elsewhere; older ones refuse. */
function directoryContent(state: ProviderState, node: FileNode): Answer {
  if (state.generation.oldSpelling) throw posixError('eisdir')
  return { status: 302, headers: { location: `https://${state.domain()}/download/${node.uuid}` } }
}
