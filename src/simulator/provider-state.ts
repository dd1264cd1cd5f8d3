import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Random } from '../lib/random.ts'
import { Access, requireCaller, requireMember } from './access.ts'
import { posixError, spaceNotSupported } from './api-error.ts'
import type { Exchange } from './exchange.ts'
import type { Faults } from './faults.ts'
import type { Generation } from './generation.ts'
import { decodeFileId } from './model/file-ids.ts'
import type { FileNode } from './model/file-node.ts'
import type { SpaceTree } from './model/space-tree.ts'
import type { SimulatorDelays } from './simulator.ts'
import type { Caller, Tokens } from './tokens.ts'

/** A space that the user has; not every provider supports it. */
export interface UserSpace {
  readonly id: string
  readonly name: string
  /** Ids of the providers that support it. */
  readonly providers: readonly string[]
}

/** What the routes of one provider work on. */
export interface ProviderState {
  readonly id: string
  readonly name: string
  readonly generation: Generation
  readonly delays: SimulatorDelays
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly tokens: Tokens
  readonly faults: Faults
  /** The spaces that this provider supports, by id. */
  readonly trees: Map<string, SpaceTree>
  /** All spaces of the user. */
  readonly userSpaces: () => readonly UserSpace[]
  /** `host:port`, once it listens. */
  readonly domain: () => string
}

/** A file together with the rules that hold for who asks. */
export interface Subject {
  readonly tree: SpaceTree
  readonly node: FileNode
  readonly caller: Caller
  readonly access: Access
}

/** The file, directory or space that the request names, its user being a member. Throws what the provider would answer. */
export function subjectOf(state: ProviderState, exchange: Exchange, id = exchange.params.id ?? ''): Subject {
  const caller = requireCaller(exchange.caller())
  const tree = state.trees.get(id) ?? treeOfFile(state, id)
  requireMember(caller)
  const node = id === tree.space.id ? tree.root : tree.find(id)
  if (node === null) throw posixError('enoent')
  return { tree, node, caller, access: accessTo(state, tree, caller) }
}

/** What lies at a path that begins with the space: by name, id or `Name@id`. Throws what the provider would answer. */
export function subjectAt(state: ProviderState, exchange: Exchange, path: readonly string[]): Subject {
  const caller = requireCaller(exchange.caller())
  const [spaceName = '', ...rest] = path
  const space = findUserSpace(state, spaceName)
  if (space === null) throw posixError('enoent')
  const tree = treeOfSpace(state, space.id)
  requireMember(caller)
  const access = accessTo(state, tree, caller)
  const node = walk(tree, rest, access)
  return { tree, node, caller, access }
}

export function accessTo(state: ProviderState, tree: SpaceTree, caller: Caller): Access {
  return new Access(caller, { denied: state.faults.denied, find: (fileId) => tree.find(fileId) })
}

/** Throws 400 `spaceNotSupportedBy`. */
export function treeOfSpace(state: ProviderState, spaceId: string): SpaceTree {
  const tree = state.trees.get(spaceId)
  if (tree === undefined) throw spaceNotSupported(spaceId, state.id)
  return tree
}

/** A space by name, by `Name@id`, or by id; null where there is none. */
export function findUserSpace(state: ProviderState, text: string): UserSpace | null {
  const spaces = state.userSpaces()
  const named = spaces.find(({ name, id }) => `${name}@${id}` === text) ?? spaces.find(({ name }) => name === text)
  return named ?? spaces.find(({ id }) => id === text) ?? null
}

/** An id that nobody can read is taken for that of a space. */
function treeOfFile(state: ProviderState, fileId: string): SpaceTree {
  return treeOfSpace(state, decodeFileId(fileId)?.spaceId ?? fileId)
}

/** Goes down a path and checks on the way; where it cannot go on it says so as the provider does. */
function walk(tree: SpaceTree, path: readonly string[], access: Access): FileNode {
  let at = tree.root
  for (const name of path) {
    if (at.children === null) throw posixError('enotdir')
    access.requireTraverse(at)
    const child = at.children.get(name)
    if (child === undefined) throw posixError('enoent')
    at = child
  }
  return at
}
