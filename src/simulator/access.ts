import { caveatError, forbidden, posixError, unauthorized } from './api-error.ts'
import { type FileNode, isWithin } from './model/file-node.ts'
import type { Caller } from './tokens.ts'

/** What the rules look up. */
export interface AccessView {
  /** Nodes whose rights were taken away by a fault: nothing in or below them can be reached. */
  readonly denied: ReadonlySet<FileNode>
  readonly find: (fileId: string) => FileNode | null
}

/** How a node lies to what the token is limited to: in it, on the way to it, or outside. */
export type Reach = 'inside' | 'leading' | 'outside'

const read = 0o4
const write = 0o2
const traverse = 0o1

/** The rules of who may do what with files: permission bits of the owner (every token is the owner's), caveats, and rights taken away. */
export class Access {
  readonly #caller: Caller
  readonly #view: AccessView

  constructor(caller: Caller, view: AccessView) {
    this.#caller = caller
    this.#view = view
  }

  /** Whether the token still counts and its user is still a member. */
  stillHolds(): boolean {
    return this.#caller.counts() && this.#caller.grant.member !== false
  }

  /** Throws 400 `posix eacces` unless every directory above the node lets through. */
  reach(node: FileNode): Reach {
    const reach = this.reachOf(node)
    if (reach === 'outside' || !this.mayReach(node)) throw posixError('eacces')
    return reach
  }

  /** Whether every directory above may be traversed. */
  mayReach(node: FileNode): boolean {
    if (this.#view.denied.has(node)) return false
    for (let at = node.parent; at !== null; at = at.parent) if (!this.#has(at, traverse)) return false
    return true
  }

  /** Whether the node is a directory that may be traversed, and all above it. */
  mayTraverse(node: FileNode): boolean {
    return this.#has(node, traverse) && this.mayReach(node) && this.reachOf(node) !== 'outside'
  }

  mayList(node: FileNode): boolean {
    return this.#has(node, read) && this.#has(node, traverse)
  }

  requireTraverse(node: FileNode): void {
    if (!this.mayTraverse(node)) throw posixError('eacces')
  }

  requireRead(node: FileNode): Reach {
    const reach = this.reach(node)
    if (!this.#has(node, read)) throw posixError('eacces')
    return reach
  }

  requireInside(node: FileNode): void {
    if (this.reach(node) !== 'inside') throw posixError('eacces')
  }

  requireWrite(node: FileNode): void {
    this.requireInside(node)
    if (this.#caller.grant.readonly === true || !this.#has(node, write)) throw posixError('eacces')
  }

  reachOf(node: FileNode): Reach {
    const { paths, objectIds } = this.#caller.grant
    return worst(paths === undefined ? 'inside' : reachOfPaths(node, paths), this.#reachOfIds(node, objectIds))
  }

  #reachOfIds(node: FileNode, objectIds: readonly string[] | undefined): Reach {
    if (objectIds === undefined) return 'inside'
    const nodes = objectIds.flatMap((fileId) => this.#view.find(fileId) ?? [])
    if (nodes.some((allowed) => isWithin(node, allowed))) return 'inside'
    return nodes.some((allowed) => isWithin(allowed, node)) ? 'leading' : 'outside'
  }

  #has(node: FileNode, bit: number): boolean {
    return !this.#view.denied.has(node) && (node.mode & (bit << 6)) !== 0
  }
}

/** Who calls must be somebody. */
export function requireCaller(caller: Caller | null): Caller {
  if (caller === null) throw unauthorized(null)
  return caller
}

/** Throws 403 for whoever is no member of the space. */
export function requireMember(caller: Caller): void {
  if (caller.grant.member === false) throw forbidden()
}

/** Throws 401 where the token has an `api` caveat that does not name the operation; `*` stands for one part. */
export function requireApi(caller: Caller, operation: string): void {
  const whitelist = caller.grant.api
  if (whitelist === undefined || whitelist.some((pattern) => matchesOperation(pattern, operation))) return
  throw unauthorized(caveatError({ type: 'api', whitelist }, 'this operation is not allowed'))
}

/** Throws 401 where the token is limited to some data and the operation shows more. */
export function refuseDataCaveats({ grant }: Caller): void {
  if (grant.readonly === true) throw unauthorized(caveatError({ type: 'data.readonly' }, 'not supported here'))
  const { paths, objectIds } = grant
  if (paths !== undefined) {
    const whitelist = paths.map((path) => Buffer.from(path).toString('base64'))
    throw unauthorized(caveatError({ type: 'data.path', whitelist }, 'not supported here'))
  }
  if (objectIds !== undefined) {
    throw unauthorized(caveatError({ type: 'data.objectid', whitelist: objectIds }, 'not supported here'))
  }
}

function matchesOperation(pattern: string, operation: string): boolean {
  const wanted = pattern.split(/[/.]/)
  const given = operation.split(/[/.]/)
  return (
    wanted.length === given.length &&
    wanted.every((part, index) => part === '*' || part === 'all' || part === given[index])
  )
}

function reachOfPaths(node: FileNode, paths: readonly string[]): Reach {
  const own = `${canonicalPath(node)}/`
  if (paths.some((path) => own.startsWith(`${path}/`))) return 'inside'
  return paths.some((path) => `${path}/`.startsWith(own)) ? 'leading' : 'outside'
}

/** `/<spaceId>/dir/name` */
export function canonicalPath(node: FileNode): string {
  const names: string[] = []
  let at = node
  for (; at.parent !== null; at = at.parent) names.unshift(at.name)
  return ['', at.spaceId, ...names].join('/')
}

function worst(a: Reach, b: Reach): Reach {
  if (a === 'outside' || b === 'outside') return 'outside'
  return a === 'leading' || b === 'leading' ? 'leading' : 'inside'
}
