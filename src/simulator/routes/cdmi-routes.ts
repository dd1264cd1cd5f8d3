import { malformed, posixError } from '../api-error.ts'
import { type Answer, type Exchange, type Handler, json, noContent, type Route, readJsonObject } from '../exchange.ts'
import { type FileNode, pathOf } from '../model/file-node.ts'
import { findUserSpace, type ProviderState, type Subject, subjectAt, subjectOf } from '../provider-state.ts'
import { download, receive } from './content-routes.ts'
import { makeEntry } from './creation-routes.ts'
import { remove } from './data-routes.ts'

/** Larger files come without their value. */
const maxValueBytes = 64 * 1024 * 1024

/** CDMI, the older way to bytes: `/cdmi/<space>/<path>` and `/cdmi/cdmi_objectid/<file id>`; a slash at the end names a directory. */
export function cdmiRoutes(state: ProviderState): readonly Route[] {
  const byId = (exchange: Exchange) => subjectOf(state, exchange)
  const byPath = (exchange: Exchange) => subjectAt(state, exchange, exchange.rest)
  const both = (method: string, byIdHandler: Handler, byPathHandler: Handler): readonly Route[] => [
    { method, template: '/cdmi/cdmi_objectid/{id}', handler: byIdHandler },
    { method, template: '/cdmi/{path...}', handler: byPathHandler },
  ]
  const deleted = (subject: Subject) => {
    remove(subject)
    return noContent
  }
  return [
    ...both(
      'GET',
      (exchange) => read(exchange, byId(exchange)),
      (exchange) => read(exchange, byPath(exchange)),
    ),
    ...both(
      'PUT',
      (exchange) => update(exchange, byId(exchange)),
      (exchange) => put(state, exchange),
    ),
    ...both(
      'DELETE',
      (exchange) => deleted(byId(exchange)),
      (exchange) => deleted(byPath(exchange)),
    ),
  ]
}

/** With the header of a CDMI version the object comes as JSON, without it its bytes. */
function isCdmi({ request }: Exchange): boolean {
  return request.headers['x-cdmi-specification-version'] !== undefined
}

function read(exchange: Exchange, subject: Subject): Answer {
  if (!isCdmi(exchange) && subject.node.type !== 'DIR') return download(subject, exchange.request)
  if (!isCdmi(exchange)) throw posixError('eisdir')
  subject.access.reach(subject.node)
  const wanted = exchange.search
    .split(/[;&]/)
    .flatMap((part) => (part === '' ? [] : decodeURIComponent(part.replace(/=$/, ''))))
  const object = describe(subject, wanted.length === 0 || wanted.some((field) => /^value(:|$)/.test(field)))
  const fields = wanted.length === 0 ? object : Object.fromEntries(wanted.map((field) => pick(object, field)))
  return { ...json(fields), headers: { 'content-type': contentType(subject.node) } }
}

/** `metadata:name` and `children:0-10` name a part of a field. */
function pick(object: Readonly<Record<string, unknown>>, field: string): readonly [string, unknown] {
  const name = field.split(':')[0] ?? field
  return [name, object[name]]
}

function describe({ node, tree }: Subject, withValue: boolean): Record<string, unknown> {
  const parentPath =
    node.parent === null ? '/' : `/${[tree.space.name, ...pathOf(node.parent).split('/')].filter(Boolean).join('/')}/`
  const common = {
    objectType: contentType(node),
    objectID: node.fileId,
    objectName: node.type === 'DIR' ? `${node.displayName}/` : node.displayName,
    parentURI: parentPath,
    parentID: node.parent?.fileId ?? null,
    capabilitiesURI: node.type === 'DIR' ? 'cdmi_capabilities/container/' : 'cdmi_capabilities/dataobject/',
    completionStatus: node.processing ? 'Processing' : 'Complete',
    metadata: node.custom?.xattrs ?? {},
  }
  if (node.children !== null) {
    const children = node.children.sorted().map((child) => `${child.displayName}${child.type === 'DIR' ? '/' : ''}`)
    return { ...common, childrenrange: children.length === 0 ? '' : `0-${children.length - 1}`, children }
  }
  return {
    ...common,
    mimetype: 'application/octet-stream',
    valuetransferencoding: 'base64',
    valuerange: node.size === 0 ? '' : `0-${node.size - 1}`,
    ...(withValue && node.size <= maxValueBytes
      ? { value: Buffer.concat([...node.content.read(0, node.size)]).toString('base64') }
      : {}),
  }
}

function contentType({ type }: FileNode): string {
  return type === 'DIR' ? 'application/cdmi-container' : 'application/cdmi-object'
}

async function put(state: ProviderState, exchange: Exchange): Promise<Answer> {
  const parent = subjectAt(state, exchange, exchange.rest.slice(0, -1))
  const name = exchange.rest.at(-1) ?? ''
  const path = exchange.request.url?.split('?')[0] ?? ''
  if (path.endsWith('/')) return putDirectory(parent, name)
  const body = isCdmi(exchange) ? await readJsonObject(exchange.request) : null
  if (typeof body?.move === 'string') return move(state, exchange, parent, name, body.move)
  const { tree, access } = parent
  const existing = parent.node.children?.get(name)
  const node = existing ?? makeEntry(tree, access, parent.node, name, 'REG')
  await write(exchange, { ...parent, node }, body)
  return existing === undefined ? created(exchange, { ...parent, node }) : noContent
}

async function update(exchange: Exchange, subject: Subject): Promise<Answer> {
  await write(exchange, subject, isCdmi(exchange) ? await readJsonObject(exchange.request) : null)
  return noContent
}

function putDirectory({ tree, node, access }: Subject, name: string): Answer {
  const existing = node.children?.get(name)
  if (existing !== undefined) {
    if (existing.type !== 'DIR') throw posixError('eexist')
    return noContent
  }
  makeEntry(tree, access, node, name, 'DIR')
  return { status: 201 }
}

/** Says `Processing` until all is there; an upload that breaks off, or calls itself partial, stays so. */
async function write(
  exchange: Exchange,
  subject: Subject,
  body: Readonly<Record<string, unknown>> | null,
): Promise<void> {
  const { tree, node, access } = subject
  if (node.type === 'DIR') throw posixError('eisdir')
  access.requireWrite(node)
  if (body === null) await writeBytes(exchange, subject)
  else writeValue(subject, body)
  node.processing = exchange.request.headers['x-cdmi-partial'] === 'true'
  tree.sync(node)
}

async function writeBytes({ request }: Exchange, { tree, node }: Subject): Promise<void> {
  const range = /^(?:bytes[ =])?(\d+)-/.exec(request.headers['content-range'] ?? '')?.[1]
  node.processing = true
  if (range === undefined) tree.truncate(node, 0)
  await receive(request, tree, node, Number(range ?? 0))
}

function writeValue({ tree, node }: Subject, body: Readonly<Record<string, unknown>>): void {
  const { value, valuetransferencoding: encoding, metadata } = body
  if (typeof value === 'string') {
    tree.truncate(node, 0)
    tree.write(node, 0, Buffer.from(value, encoding === 'base64' ? 'base64' : 'utf8'))
  }
  if (metadata === undefined) return
  if (typeof metadata !== 'object' || metadata === null) throw malformed()
  tree.setCustom(node, { ...node.custom, xattrs: { ...metadata } })
}

function move(state: ProviderState, exchange: Exchange, parent: Subject, name: string, from: string): Answer {
  const source = subjectAt(
    state,
    exchange,
    from.split('/').filter((segment) => segment !== ''),
  )
  if (findUserSpace(state, exchange.rest[0] ?? '')?.id !== source.tree.space.id) throw posixError('einval')
  if (parent.node.children?.get(name) !== undefined) throw posixError('eexist')
  source.access.requireInside(source.node)
  if (source.node.parent !== null) source.access.requireWrite(source.node.parent)
  parent.access.requireWrite(parent.node)
  source.tree.move(source.node, parent.node, name)
  return created(exchange, source)
}

function created(exchange: Exchange, subject: Subject): Answer {
  if (!isCdmi(exchange)) return { status: 201 }
  return { ...json(describe(subject, false), 201), headers: { 'content-type': contentType(subject.node) } }
}
