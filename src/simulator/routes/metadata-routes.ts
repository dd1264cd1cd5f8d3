import { isObject } from '../../lib/is-object.ts'
import { badValue, missing, posixError } from '../api-error.ts'
import {
  type Answer,
  type Exchange,
  json,
  noContent,
  Params,
  parseJson,
  type Route,
  readBody,
  readJsonObject,
} from '../exchange.ts'
import type { CustomMetadata, FileNode } from '../model/file-node.ts'
import { type ProviderState, type Subject, subjectOf } from '../provider-state.ts'
import { oneprovider } from './paths.ts'

/** How a route finds the file whose metadata it is about: by id or, in older versions, by path. */
export type FindSubject = (exchange: Exchange) => Subject

/** `/data/{id}/metadata/xattrs`, `json` and `rdf`. */
export function metadataRoutes(state: ProviderState): readonly Route[] {
  if (!state.generation.dataApi) return []
  const find: FindSubject = (exchange) => subjectOf(state, exchange)
  return ['xattrs', 'json', 'rdf'].flatMap((kind) => {
    const template = `${oneprovider}/data/{id}/metadata/${kind}`
    const { get, put, remove } = metadataHandlers(kind, find)
    return [
      { method: 'GET', template, handler: get },
      { method: 'PUT', template, handler: put },
      { method: 'DELETE', template, handler: remove },
    ]
  })
}

interface MetadataHandlers {
  readonly get: (exchange: Exchange) => Answer
  readonly put: (exchange: Exchange) => Promise<Answer>
  readonly remove: (exchange: Exchange) => Promise<Answer>
}

/** Reading, setting and removing one kind of metadata. */
export function metadataHandlers(kind: string, find: FindSubject): MetadataHandlers {
  const get = (exchange: Exchange) => {
    const { node, access } = find(exchange)
    access.requireRead(node)
    return read(kind, node, new Params(exchange.query))
  }
  const put = async (exchange: Exchange) => {
    const subject = find(exchange)
    const body = (await readBody(exchange.request)).toString()
    change(subject, (custom) => written(kind, custom, body))
    return noContent
  }
  const remove = async (exchange: Exchange) => {
    const subject = find(exchange)
    const { keys } = await readJsonObject(exchange.request)
    change(subject, (custom) => removed(kind, custom, keys))
    return noContent
  }
  return { get, put, remove }
}

const none: CustomMetadata = { xattrs: {} }

function change({ node, tree, access }: Subject, update: (custom: CustomMetadata) => CustomMetadata): void {
  const custom = update(node.custom ?? none)
  access.requireWrite(node)
  const isEmpty = Object.keys(custom.xattrs).length === 0 && custom.json === undefined && custom.rdf === undefined
  tree.setCustom(node, isEmpty ? null : custom)
}

function read(kind: string, node: FileNode, params: Params): Answer {
  const custom = node.custom ?? none
  if (kind === 'xattrs') return json(readXattrs(custom, params.text('attribute')))
  if (kind === 'json') return json(readJson(custom, params))
  if (custom.rdf === undefined) throw posixError('enodata')
  return { status: 200, headers: { 'content-type': 'application/rdf+xml' }, body: custom.rdf }
}

function readXattrs({ xattrs }: CustomMetadata, name: string | null): object {
  if (name === null) return xattrs
  if (isInternal(name)) throw posixError('eperm')
  if (!Object.hasOwn(xattrs, name)) throw posixError('enodata')
  return { [name]: xattrs[name] }
}

function readJson(custom: CustomMetadata, params: Params): unknown {
  if (custom.json === undefined) throw posixError('enodata')
  if (params.text('filter_type') === null) return custom.json
  const filter = params.text('filter')
  if (filter === null) throw missing('filter')
  let at = custom.json
  for (const part of filter.split('.')) {
    const key = part.replace(/^\[(\d+)\]$/, '$1')
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) throw posixError('enodata')
    at = Reflect.get(at, key)
  }
  return at
}

function written(kind: string, custom: CustomMetadata, body: string): CustomMetadata {
  if (kind === 'rdf') return { ...custom, rdf: body }
  const value = parseJson(body)
  if (kind === 'json') {
    if (value === undefined) throw badValue('JSON', 'metadata')
    return { ...custom, json: value }
  }
  if (!isObject(value)) throw badValue('JSON', 'metadata')
  if (Object.keys(value).some(isInternal)) throw posixError('eperm')
  return { ...custom, xattrs: { ...custom.xattrs, ...value } }
}

function removed(kind: string, custom: CustomMetadata, keys: unknown): CustomMetadata {
  const { json: jsonValue, rdf, xattrs } = custom
  if (kind === 'json') return { xattrs, ...(rdf === undefined ? {} : { rdf }) }
  if (kind === 'rdf') return { xattrs, ...(jsonValue === undefined ? {} : { json: jsonValue }) }
  if (!Array.isArray(keys)) throw missing('keys')
  return { ...custom, xattrs: Object.fromEntries(Object.entries(xattrs).filter(([name]) => !keys.includes(name))) }
}

/** Names that belong to the provider. */
function isInternal(name: string): boolean {
  return name.startsWith('cdmi_') || name.startsWith('onedata_')
}
