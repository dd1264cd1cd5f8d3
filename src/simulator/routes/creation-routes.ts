import type { Access } from '../access.ts'
import { missing, notAllowed, posixError } from '../api-error.ts'
import { type Answer, type Exchange, json, noContent, Params, type Route } from '../exchange.ts'
import type { FileNode, NodeType } from '../model/file-node.ts'
import type { SpaceTree } from '../model/space-tree.ts'
import { type ProviderState, type Subject, subjectOf } from '../provider-state.ts'
import { download, receive } from './content-routes.ts'
import { parseMode, remove } from './data-routes.ts'
import { oneprovider } from './paths.ts'

/** `POST /data/{id}/children`, and `/data/{id}/path/...` from 21.02 on. */
export function creationRoutes(state: ProviderState): readonly Route[] {
  if (!state.generation.dataApi) return []
  const create: Route = {
    method: 'POST',
    template: `${oneprovider}/data/{id}/children`,
    handler: (exchange) => {
      const name = new Params(exchange.query).text('name')
      if (name === null) throw missing('name')
      const subject = subjectOf(state, exchange)
      return createIn(state, exchange, subject, subject.node, name)
    },
  }
  if (!state.generation.recursiveApi) return [create]
  const byPath = `${oneprovider}/data/{id}/path/{path...}`
  return [
    create,
    { method: 'PUT', template: byPath, handler: (exchange) => createAt(state, exchange) },
    {
      method: 'GET',
      template: byPath,
      handler: (exchange) => download(below(subjectOf(state, exchange), exchange.rest), exchange.request),
    },
    {
      method: 'DELETE',
      template: byPath,
      handler: (exchange) => {
        remove(below(subjectOf(state, exchange), exchange.rest))
        return noContent
      },
    },
  ]
}

function createAt(state: ProviderState, exchange: Exchange): Promise<Answer> {
  const subject = subjectOf(state, exchange)
  const name = exchange.rest.at(-1)
  if (name === undefined) throw missing('path')
  const makeParents = new Params(exchange.query).flag('create_parents') ?? false
  const parent = directoryAt(subject, exchange.rest.slice(0, -1), makeParents)
  return createIn(state, exchange, subject, parent, name)
}

/** Makes the entry and fills it; what broke off while it arrived is deleted again. */
async function createIn(
  state: ProviderState,
  exchange: Exchange,
  { tree, access }: Subject,
  parent: FileNode,
  name: string,
): Promise<Answer> {
  const params = new Params(exchange.query)
  const type = readType(state, params.text('type'))
  const mode = parseMode(exchange.query.get('mode'), 0o1777)
  const offset = params.integer('offset', { low: 0 }) ?? 0
  const update = params.flag('update_existing') ?? false
  const symlinkValue = params.text('target_file_path')
  const node =
    (update ? existingFile(parent, name) : null) ??
    makeEntry(tree, access, parent, name, type, {
      ...(mode === null ? {} : { mode }),
      ...(symlinkValue === null ? {} : { symlinkValue }),
    })
  if (type === 'REG') await fill({ exchange, tree, node, offset, isNew: !update })
  const location = `https://${state.domain()}${oneprovider}/data/${node.fileId}`
  return { ...json({ fileId: node.fileId }, 201), headers: { 'content-type': 'application/json', location } }
}

/** Puts a new entry into a directory, where the rights allow it. */
export function makeEntry(
  tree: SpaceTree,
  access: Access,
  parent: FileNode,
  name: string,
  type: NodeType,
  options: { readonly mode?: number; readonly symlinkValue?: string } = {},
): FileNode {
  if (parent.type !== 'DIR') throw posixError('enotdir')
  access.requireWrite(parent)
  return tree.create(parent, name, type, options)
}

async function fill(upload: {
  readonly exchange: Exchange
  readonly tree: SpaceTree
  readonly node: FileNode
  readonly offset: number
  readonly isNew: boolean
}): Promise<void> {
  const { exchange, tree, node, offset, isNew } = upload
  if (!isNew) tree.truncate(node, offset)
  try {
    await receive(exchange.request, tree, node, offset)
  } catch (error) {
    if (isNew && !node.deleted) tree.remove(node)
    throw error
  }
}

function existingFile(parent: FileNode, name: string): FileNode | null {
  const node = parent.children?.get(name)
  return node?.type === 'REG' ? node : null
}

function below(subject: Subject, path: readonly string[]): Subject {
  const parent = directoryAt(subject, path.slice(0, -1), false)
  const node = parent.children?.get(path.at(-1) ?? '')
  if (node === undefined) throw posixError('enoent')
  return { ...subject, node }
}

function directoryAt({ tree, node, access }: Subject, path: readonly string[], make: boolean): FileNode {
  let at = node
  for (const name of path) {
    if (at.type !== 'DIR') throw posixError('enotdir')
    access.requireTraverse(at)
    const child = at.children?.get(name)
    if (child === undefined && !make) throw posixError('enoent')
    at = child ?? makeEntry(tree, access, at, name, 'DIR')
  }
  return at
}

function readType(state: ProviderState, text: string | null): NodeType {
  const allowed = state.generation.oldSpelling ? ['reg', 'dir'] : ['REG', 'DIR', 'LNK', 'SYMLNK']
  const type = text ?? allowed[0]
  if (type === undefined || !allowed.includes(type)) throw notAllowed('type', allowed)
  switch (type.toUpperCase()) {
    case 'DIR':
      return 'DIR'
    case 'SYMLNK':
      return 'SYMLNK'
    default:
      return 'REG'
  }
}
