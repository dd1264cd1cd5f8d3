import type { Access } from '../access.ts'
import { requireApi, requireCaller, requireMember } from '../access.ts'
import { ApiError, badData, badValue, missing, notAllowed, posixError } from '../api-error.ts'
import { EventStream } from '../event-stream.ts'
import { type Exchange, Params, type Route, readJsonObject } from '../exchange.ts'
import { LiveStream } from '../live-stream.ts'
import { decodeFileId } from '../model/file-ids.ts'
import type { DocumentKind, FileNode } from '../model/file-node.ts'
import type { SpaceTree } from '../model/space-tree.ts'
import { accessTo, type ProviderState, treeOfSpace } from '../provider-state.ts'
import { oneprovider } from './paths.ts'

/** Attributes that may be observed, by the document that holds them, in the order in which the server lists them. */
const observable: Readonly<Record<Exclude<DocumentKind, 'custom'>, readonly string[]>> = {
  meta: [
    'name',
    'index',
    'type',
    'activePermissionsType',
    'posixPermissions',
    'acl',
    'parentFileId',
    'originProviderId',
    'directShareIds',
    'ownerUserId',
    'hardlinkCount',
    'symlinkValue',
  ],
  times: ['creationTime', 'atime', 'mtime', 'ctime'],
  location: ['size', 'isFullyReplicatedLocally', 'localReplicationRate'],
}

/** `POST /spaces/{sid}/events/files`: what happens to the direct children of some directories, as server-sent events. */
export function eventRoutes(state: ProviderState): readonly Route[] {
  if (!state.generation.eventsApi) return []
  const template = `${oneprovider}/spaces/{sid}/events/files`
  return [{ method: 'POST', template, handler: (exchange) => subscribe(state, exchange) }]
}

/** Checks in the server's order: the space comes before the token. */
async function subscribe(state: ProviderState, exchange: Exchange): Promise<null> {
  const tree = treeOfSpace(state, exchange.params.sid ?? '')
  const caller = requireCaller(exchange.caller())
  requireMember(caller)
  requireApi(caller, `op-worker/create/op_space.${tree.space.id}.file_events`)
  const access = accessTo(state, tree, caller)
  const params = new Params(new URLSearchParams(), await readJsonObject(exchange.request))
  const directories = readDirectories(tree, access, params)
  const attributes = readAttributes(params)
  const lastEventId = readLastEventId(exchange)
  const stream = new LiveStream(exchange.response, {
    clock: state.clock,
    idleCutMs: state.delays.idleCutMs,
    headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-cache', connection: 'keep-alive' },
  })
  state.faults.register(stream)
  new EventStream({ state, tree, access, directories, attributes, lastEventId }, stream).start()
  return null
}

function readDirectories(tree: SpaceTree, access: Access, params: Params): readonly FileNode[] {
  if (!params.has('observedDirectories')) throw missing('observedDirectories')
  const ids = params.list('observedDirectories') ?? []
  if (ids.length === 0) throw badValue('Empty', 'observedDirectories')
  // Counted from 1, as Erlang does.
  return ids.map((id, index) => directory(tree, access, id, `observedDirectories[${index + 1}]`))
}

function directory(tree: SpaceTree, access: Access, id: string, key: string): FileNode {
  if (decodeFileId(id)?.spaceId !== tree.space.id) throw badValue('Identifier', key)
  const node = tree.find(id)
  if (node === null) throw badData(key, posixError('enoent'))
  if (node.type !== 'DIR') throw badData(key, posixError('enotdir'))
  try {
    access.requireTraverse(node)
  } catch (error) {
    throw error instanceof ApiError ? badData(key, error) : error
  }
  return node
}

function readAttributes(params: Params): EventAttributes {
  const allowed = [...observable.meta, ...observable.times, ...observable.location]
  const wanted = params.list('observedAttributes') ?? observable.meta.filter((name) => name !== 'name')
  if (!wanted.every((name) => allowed.includes(name))) throw notAllowed('observedAttributes', allowed)
  if (wanted.length === 0) throw badValue('Empty', 'observedAttributes')
  const of = (names: readonly string[]) => names.filter((name) => wanted.includes(name))
  return { meta: of(observable.meta), times: of(observable.times), location: of(observable.location), custom: [] }
}

/** Observed attributes by document. */
export type EventAttributes = Readonly<Record<DocumentKind, readonly string[]>>

function readLastEventId(exchange: Exchange): number | null {
  const header = exchange.request.headers['last-event-id']
  if (header === undefined) return null
  return new Params(new URLSearchParams(), { 'last-event-id': header }).integer('last-event-id', { low: 0 })
}
