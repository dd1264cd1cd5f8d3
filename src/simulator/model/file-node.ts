import type { Blocks } from './blocks.ts'
import type { Content } from './content.ts'

/**
 * The documents that a provider keeps of a file, each with its own place in the change log. A stream tells of documents, not of files:
 * meta (name, parent, rights), times, location (size, blocks; regular files only), custom (xattrs and JSON metadata).
 */
export type DocumentKind = 'meta' | 'times' | 'location' | 'custom'

export type NodeType = 'REG' | 'DIR' | 'SYMLNK'

/** Metadata that users set. */
export interface CustomMetadata {
  readonly xattrs: Readonly<Record<string, unknown>>
  /** Undefined = none. */
  readonly json?: unknown
  readonly rdf?: string
}

/** One file or directory as one provider sees it. Only `SpaceTree` and dbsync change it. */
export interface FileNode {
  readonly uuid: string
  readonly fileId: string
  readonly spaceId: string
  readonly type: NodeType
  readonly ownerId: string
  readonly originProviderId: string
  /** Seconds since the epoch, like the other times. */
  readonly creationTime: number
  readonly symlinkValue: string | null
  parent: FileNode | null
  /** As it was given. */
  name: string
  /** As listings show it: with a suffix where two providers made a file of that name at the same time. */
  displayName: string
  /** Permission bits. */
  mode: number
  atime: number
  mtime: number
  ctime: number
  size: number
  /** Who holds which bytes, by provider. */
  locations: ReadonlyMap<string, Blocks>
  content: Content
  custom: CustomMetadata | null
  /** An upload through CDMI is under way, or broke off. */
  processing: boolean
  deleted: boolean
  /** The children of a directory. */
  readonly children: Children | null
  /** Where its documents stand in the change log; 0 = not there. */
  readonly seqs: Record<DocumentKind, number>
}

/** The entries of a directory by display name; sorted only when somebody asks. */
export class Children {
  readonly #byName = new Map<string, FileNode>()
  /** What was last given out in order, and what has come and gone since. */
  #sorted: readonly FileNode[] = []
  #added = new Set<FileNode>()
  #removed = new Set<FileNode>()

  get size(): number {
    return this.#byName.size
  }

  get(name: string): FileNode | undefined {
    return this.#byName.get(name)
  }

  add(node: FileNode): void {
    this.#byName.set(node.displayName, node)
    this.#added.add(node)
  }

  remove(node: FileNode): void {
    this.#byName.delete(node.displayName)
    if (!this.#added.delete(node)) this.#removed.add(node)
  }

  values(): Iterable<FileNode> {
    return this.#byName.values()
  }

  /** In the order of the bytes of their names. */
  sorted(): readonly FileNode[] {
    if (this.#removed.size > 0) this.#sorted = this.#sorted.filter((node) => !this.#removed.has(node))
    if (this.#added.size > 0) this.#sorted = merged(this.#sorted, [...this.#added].sort(byName))
    this.#added.clear()
    this.#removed.clear()
    return this.#sorted
  }
}

function byName(a: FileNode, b: FileNode): number {
  return compareNames(a.displayName, b.displayName)
}

/** A large directory that changes all the time is not sorted anew for each listing: only the places of what is new are looked for. */
function merged(old: readonly FileNode[], added: readonly FileNode[]): readonly FileNode[] {
  const parts: (readonly FileNode[])[] = []
  let from = 0
  for (const node of added) {
    const at = placeOf(node, old, from)
    parts.push(old.slice(from, at), [node])
    from = at
  }
  return [...parts, old.slice(from)].flat()
}

/** Index of the first entry from `from` on that comes behind the node. */
function placeOf(node: FileNode, entries: readonly FileNode[], from: number): number {
  let [low, high] = [from, entries.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    const entry = entries[middle]
    if (entry !== undefined && byName(entry, node) < 0) low = middle + 1
    else high = middle
  }
  return low
}

const beyondTheBasicPlane = /[\ud800-\udfff]/

/** Order by UTF-8 bytes; JavaScript's own order differs where characters need two code units. */
export function compareNames(a: string, b: string): number {
  if (beyondTheBasicPlane.test(a) || beyondTheBasicPlane.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b))
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** The node and what is below it, parents first. */
export function* subtree(node: FileNode): Generator<FileNode> {
  yield node
  for (const child of node.children?.values() ?? []) yield* subtree(child)
}

/** Whether `node` is `ancestor` or lies below it. */
export function isWithin(node: FileNode, ancestor: FileNode): boolean {
  for (let at: FileNode | null = node; at !== null; at = at.parent) if (at === ancestor) return true
  return false
}

/** Path inside the space by display names; '' is the space itself. */
export function pathOf(node: FileNode): string {
  const names: string[] = []
  for (let at: FileNode = node; at.parent !== null; at = at.parent) names.unshift(at.displayName)
  return names.join('/')
}
