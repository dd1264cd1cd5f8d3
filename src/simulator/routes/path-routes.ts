import { isObject } from '../../lib/is-object.ts'
import { ApiError, missing, posixError } from '../api-error.ts'
import { defaultAttributes, fullPath, pickAttributes, selectionOf } from '../attributes.ts'
import { type Exchange, type Handler, json, noContent, Params, parseJson, type Route, readBody } from '../exchange.ts'
import { type ProviderState, type Subject, subjectAt, subjectOf } from '../provider-state.ts'
import { parseMode } from './data-routes.ts'
import { type FindSubject, metadataHandlers } from './metadata-routes.ts'
import { oneprovider } from './paths.ts'

/** Most entries of a listing by path. */
const maxEntries = 1_000

/** The API by paths, `/Space/dir/file`: all that 18.02 has, deprecated in 20.02, gone in 21.02. */
export function pathRoutes(state: ProviderState): readonly Route[] {
  const byPath: FindSubject = (exchange) => subjectAt(state, exchange, exchange.rest)
  const byId: FindSubject = (exchange) => subjectOf(state, exchange)
  const files = route('GET', '/files/{path...}', (exchange) => list(state, exchange, byPath(exchange)))
  switch (state.generation.pathApi) {
    case 'none':
      return []
    case 'attributes':
      return [
        files,
        route('GET', '/attributes/{path...}', (exchange) => readAttributes(state, exchange, byPath(exchange))),
        route('PUT', '/attributes/{path...}', (exchange) => setAttributes(exchange, byPath(exchange))),
        ...oneMetadata('/metadata/{path...}', byPath),
        ...oneMetadata('/metadata-id/{id}', byId),
      ]
    case 'metadata':
      return [
        files,
        route('GET', '/files-id/{id}', (exchange) => list(state, exchange, byId(exchange))),
        ...attributesAt(state, '/metadata/attrs/{path...}', byPath),
        ...attributesAt(state, '/metadata-id/attrs/{id}', byId),
        ...['xattrs', 'json', 'rdf'].flatMap((kind) => [
          ...metadataAt(kind, `/metadata/${kind}/{path...}`, byPath),
          ...metadataAt(kind, `/metadata-id/${kind}/{id}`, byId),
        ]),
      ]
  }
}

function route(method: string, path: string, handler: Handler): Route {
  return { method, template: `${oneprovider}${path}`, handler }
}

function attributesAt(state: ProviderState, path: string, find: FindSubject): readonly Route[] {
  return [
    route('GET', path, (exchange) => readAttributes(state, exchange, find(exchange))),
    route('PUT', path, (exchange) => setAttributes(exchange, find(exchange))),
  ]
}

function metadataAt(kind: string, path: string, find: FindSubject): readonly Route[] {
  const { get, put } = metadataHandlers(kind, find)
  return [route('GET', path, get), route('PUT', path, put)]
}

/** One address for JSON and RDF: the content type tells them apart. */
function oneMetadata(path: string, find: FindSubject): readonly Route[] {
  const kindOf = (exchange: Exchange, header: 'accept' | 'content-type') => {
    const isRdf =
      (exchange.request.headers[header] ?? '').includes('rdf') || exchange.query.get('metadata_type') === 'rdf'
    return metadataHandlers(isRdf ? 'rdf' : 'json', find)
  }
  return [
    route('GET', path, (exchange) => kindOf(exchange, 'accept').get(exchange)),
    route('PUT', path, (exchange) => kindOf(exchange, 'content-type').put(exchange)),
  ]
}

function list(state: ProviderState, { query }: Exchange, { node, tree, access }: Subject) {
  const limit = readLimit(state, query)
  const offset = new Params(query).integer('offset', { low: 0 }) ?? 0
  access.requireRead(node)
  const entries = node.children === null ? [node] : node.children.sorted()
  if (state.generation.pathApi === 'attributes' && limit === null && entries.length > maxEntries) {
    throw new ApiError({ status: 400, id: 'tooManyEntries', description: 'Too many entries, use limit and offset.' })
  }
  tree.touchAtime(node)
  const page = entries.slice(offset, offset + (limit ?? maxEntries))
  return json(page.map((entry) => ({ id: entry.fileId, path: fullPath(entry, tree) })))
}

function readLimit(state: ProviderState, query: URLSearchParams): number | null {
  const params = new Params(query)
  if (state.generation.errors !== 'legacy') return params.integer('limit', { low: 1, high: maxEntries })
  const limit = params.integer('limit', { low: 1 })
  if (limit === null || limit <= maxEntries) return limit
  throw new ApiError({ status: 400, id: 'limitTooLarge', description: `The limit may be ${maxEntries} at most.` })
}

function readAttributes(state: ProviderState, { query }: Exchange, { node, tree, access }: Subject) {
  access.reach(node)
  const params = new Params(query)
  if (params.flag('extended') === true) return json(readExtended(node.custom?.xattrs ?? {}, params.text('attribute')))
  const selection = selectionOf(state, params)
  const source = { node, tree, state }
  return json(selection === null ? defaultAttributes(source) : pickAttributes(source, selection))
}

function readExtended(xattrs: Readonly<Record<string, unknown>>, name: string | null): object {
  if (name === null) return xattrs
  if (!Object.hasOwn(xattrs, name)) throw posixError('enodata')
  return { [name]: xattrs[name] }
}

async function setAttributes(exchange: Exchange, { node, tree, access }: Subject) {
  const body = parseJson((await readBody(exchange.request)).toString())
  if (!isObject(body)) throw missing('mode')
  access.requireInside(node)
  if (exchange.query.get('extended') === 'true') {
    access.requireWrite(node)
    tree.setCustom(node, { ...node.custom, xattrs: { ...node.custom?.xattrs, ...body } })
    return noContent
  }
  const mode = parseMode(body.mode, 0o1777)
  if (mode === null) throw missing('mode')
  tree.chmod(node, mode)
  return noContent
}
