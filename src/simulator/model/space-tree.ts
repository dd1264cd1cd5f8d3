import type { Cancel, Clock } from '../../lib/clock.ts'
import type { Random } from '../../lib/random.ts'
import type { SimulatorDelays } from '../simulator.ts'
import { addBlock, type Blocks, cutBlocks } from './blocks.ts'
import { ChangeLog } from './change-log.ts'
import { Content } from './content.ts'
import { encodeFileId, randomHex } from './file-ids.ts'
import {
  Children,
  type CustomMetadata,
  type DocumentKind,
  type FileNode,
  isWithin,
  type NodeType,
  subtree,
} from './file-node.ts'
import { FlushQueue } from './flush-queue.ts'
import { PosixError } from './posix-error.ts'

export interface SpaceTreeOptions {
  readonly space: { readonly id: string; readonly name: string }
  readonly providerId: string
  readonly clock: Clock
  readonly random: Random
  readonly delays: SimulatorDelays
  /** Whether reading always touches atime (from 21.02.6 on), or only where it is older than mtime or a day old. */
  readonly strictAtime: boolean
}

export interface CreateOptions {
  readonly mode?: number
  readonly symlinkValue?: string
}

type NodeFacts = Pick<FileNode, 'uuid' | 'name' | 'type' | 'mode' | 'originProviderId' | 'symlinkValue'>
type NodeTimes = Pick<FileNode, 'creationTime' | 'atime' | 'mtime' | 'ctime'>

const ownerId = 'a1b2c3d4e5f60718293a4b5c6d7e8f90ch0001'
const daySeconds = 86_400

/**
 * The files of one space as one provider knows them, and the change log that its streams read. Every operation touches the documents that it
 * touches on a real provider (reference, section 18.5), at the clock's time. Refusals are `PosixError`s; rights are not checked here.
 */
export class SpaceTree {
  readonly space: { readonly id: string; readonly name: string }
  readonly providerId: string
  readonly root: FileNode
  readonly trash: FileNode
  readonly archives: FileNode
  readonly log: ChangeLog
  readonly #options: SpaceTreeOptions
  readonly #nodes = new Map<string, FileNode>()
  readonly #queue: FlushQueue
  /** Directories in the trash whose content is still to be deleted. */
  readonly #purges = new Set<Cancel>()
  /** Deleted nodes that the log still tells of, oldest first. */
  readonly #tombstones: { readonly node: FileNode; readonly until: number }[] = []
  readonly #published = new Set<(node: FileNode, kind: DocumentKind) => void>()

  constructor(options: SpaceTreeOptions) {
    this.space = options.space
    this.providerId = options.providerId
    this.#options = options
    this.log = new ChangeLog(options.clock, options.delays.pollMs)
    this.#queue = new FlushQueue(options.clock, options.delays, (node, kind) => this.#publish(node, kind))
    this.root = this.#special(`space_${options.space.id}`, options.space.name)
    this.trash = this.#special(`trash_${options.space.id}`, '.trash')
    this.archives = this.#special(`archives_root_${options.space.id}`, '.archives')
  }

  /** By file id; null where there is none, or no longer. */
  find(fileId: string): FileNode | null {
    const node = this.#nodes.get(fileId)
    return node === undefined || node.deleted ? null : node
  }

  /** By path inside the space, as listings show names; null where there is none. */
  lookup(path: readonly string[]): FileNode | null {
    let at: FileNode = this.root
    for (const name of path) {
      const child = at.children?.get(name)
      if (child === undefined) return null
      at = child
    }
    return at
  }

  create(parent: FileNode, name: string, type: NodeType, options: CreateOptions = {}): FileNode {
    if (parent.children === null) throw new PosixError('enotdir')
    checkName(name)
    if (parent.children.get(name) !== undefined) throw new PosixError('eexist')
    const node = this.#make({
      uuid: randomHex(this.#options.random, 32),
      name,
      type,
      parent,
      mode: options.mode ?? (type === 'DIR' ? 0o775 : 0o664),
      originProviderId: this.providerId,
      symlinkValue: options.symlinkValue ?? null,
    })
    parent.children.add(node)
    this.#publishNew(node)
    this.#touchContent(parent)
    return node
  }

  /** Writes bytes, or as many unnamed ones, at an offset. The size shows at once to readers, later in streams; `sync` ends the wait. */
  write(node: FileNode, offset: number, what: Uint8Array | number): void {
    requireFile(node)
    const length = typeof what === 'number' ? what : what.length
    if (typeof what !== 'number') node.content.write(offset, what)
    node.size = Math.max(node.size, offset + length)
    this.#relocate(node, (blocks, providerId) =>
      providerId === this.providerId ? addBlock(blocks, offset, length) : cutBlocks(blocks, offset, length),
    )
    this.#queue.size(node)
    this.#touchContent(node)
  }

  truncate(node: FileNode, size: number): void {
    requireFile(node)
    node.content.truncate(size)
    node.size = size
    this.#relocate(node, (blocks) => cutBlocks(blocks, size, Number.MAX_SAFE_INTEGER))
    this.#queue.size(node)
    this.#touchContent(node)
  }

  /** What fsync and close do: the size goes into the log now. */
  sync(node: FileNode): void {
    this.#queue.sync(node)
  }

  /** Says who holds which bytes: what replication, eviction and storage import do. */
  setBlocks(node: FileNode, providerId: string, blocks: Blocks): void {
    requireFile(node)
    node.locations = new Map(node.locations).set(providerId, blocks)
    this.#queue.size(node)
  }

  /** Moves and renames inside the space; a file that is in the way is replaced. */
  move(node: FileNode, parent: FileNode, name: string): void {
    const from = node.parent
    if (from === null) throw new PosixError('eperm')
    if (parent.children === null) throw new PosixError('enotdir')
    checkName(name)
    if (isWithin(parent, node)) throw new PosixError('einval')
    this.#makeWay(parent.children.get(name), node)
    from.children?.remove(node)
    node.parent = parent
    node.name = name
    node.displayName = name
    parent.children.add(node)
    this.#publish(node, 'meta')
    this.#touchMetadata(node)
    this.#touchContent(from)
    if (parent !== from) this.#touchContent(parent)
  }

  /** Removes a file at once; a directory goes to the trash first, and its content some time later. */
  remove(node: FileNode): void {
    const { parent } = node
    if (parent === null) throw new PosixError('eperm')
    if (node.children === null) this.#delete(node)
    else this.#discard(node)
    this.#touchContent(parent)
  }

  chmod(node: FileNode, mode: number): void {
    node.mode = mode
    this.#publish(node, 'meta')
    this.#touchMetadata(node)
  }

  /** Sets times as `utimes` does; seconds. */
  setTimes(node: FileNode, times: { readonly atime?: number; readonly mtime?: number }): void {
    node.atime = times.atime ?? node.atime
    node.mtime = times.mtime ?? node.mtime
    this.#touchMetadata(node)
  }

  setCustom(node: FileNode, custom: CustomMetadata | null): void {
    node.custom = custom
    this.#publish(node, 'custom')
    this.#touchMetadata(node)
  }

  /** What a reading of a file or a listing of a directory leaves behind. */
  touchAtime(node: FileNode): void {
    const now = this.#seconds()
    const due = this.#options.strictAtime || node.atime <= node.mtime || now - node.atime > daySeconds
    if (!due || node.atime === now) return
    node.atime = now
    this.#queue.times(node)
  }

  /** Calls `tell` for each document that goes into the log because of something done here; not for what `receive` brings. */
  onPublished(tell: (node: FileNode, kind: DocumentKind) => void): void {
    this.#published.add(tell)
  }

  /** Puts a node of another provider in its place, or makes it; dbsync's part. Null where its parent is not known here, or it is deleted: what comes late revives nothing. */
  adopt(copy: NodeFacts & NodeTimes, parentId: string): FileNode | null {
    const parent = this.#nodes.get(parentId)
    if (parent === undefined || parent.children === null) return null
    const known = this.#nodes.get(encodeFileId(copy.uuid, this.space.id))
    if (known?.deleted === true) return null
    known?.parent?.children?.remove(known)
    const node = known ?? Object.assign(this.#make({ ...copy, parent }, copy.creationTime), timesOf(copy))
    node.parent = parent
    node.name = copy.name
    node.mode = copy.mode
    const taken = parent.children.get(copy.name) !== undefined
    node.displayName = taken ? `${copy.name}@${node.originProviderId.slice(0, 6)}` : copy.name
    parent.children.add(node)
    return node
  }

  /** Takes a node out of the tree and tells nobody but the own log; dbsync's part. */
  drop(node: FileNode): void {
    node.deleted = true
    node.parent?.children?.remove(node)
    this.#queue.forget(node)
    this.log.append(node, 'meta')
    this.#bury(node)
  }

  close(): void {
    for (const cancel of this.#purges) cancel()
    this.#queue.close()
    this.log.close()
  }

  #special(uuid: string, name: string): FileNode {
    return this.#make({
      uuid,
      name,
      type: 'DIR',
      parent: null,
      mode: 0o775,
      originProviderId: this.providerId,
      symlinkValue: null,
    })
  }

  #make(facts: NodeFacts & Pick<FileNode, 'parent'>, creationTime = this.#seconds()): FileNode {
    const now = this.#seconds()
    const { uuid, name, type, parent, mode, originProviderId, symlinkValue } = facts
    const node: FileNode = {
      uuid,
      name,
      type,
      parent,
      mode,
      originProviderId,
      symlinkValue,
      fileId: encodeFileId(uuid, this.space.id),
      spaceId: this.space.id,
      ownerId,
      displayName: name,
      creationTime,
      atime: now,
      mtime: now,
      ctime: now,
      size: 0,
      locations: noLocations,
      content: new Content(),
      custom: null,
      processing: false,
      deleted: false,
      children: type === 'DIR' ? new Children() : null,
      seqs: { meta: 0, times: 0, location: 0, custom: 0 },
    }
    this.#nodes.set(node.fileId, node)
    return node
  }

  /** The documents of a new file come in any order. */
  #publishNew(node: FileNode): void {
    const kinds: DocumentKind[] = node.type === 'REG' ? ['meta', 'times', 'location'] : ['meta', 'times']
    const first = Math.floor(this.#options.random() * kinds.length)
    for (let index = 0; index < kinds.length; index++) {
      const kind = kinds[(first + index) % kinds.length]
      if (kind !== undefined) this.#publish(node, kind)
    }
  }

  #publish(node: FileNode, kind: DocumentKind): void {
    if (node.deleted && kind !== 'meta') return
    this.log.append(node, kind)
    for (const tell of this.#published) tell(node, kind)
  }

  #relocate(node: FileNode, change: (blocks: Blocks, providerId: string) => Blocks): void {
    const locations = new Map(node.locations)
    if (!locations.has(this.providerId)) locations.set(this.providerId, [])
    for (const [providerId, blocks] of locations) locations.set(providerId, change(blocks, providerId))
    node.locations = locations
  }

  #makeWay(taken: FileNode | undefined, node: FileNode): void {
    if (taken === undefined || taken === node) return
    if (taken.type === 'DIR') throw new PosixError('eexist')
    this.#delete(taken)
  }

  #delete(node: FileNode): void {
    node.deleted = true
    node.parent?.children?.remove(node)
    this.#queue.forget(node)
    this.#publish(node, 'meta')
    // Its other documents are deleted as well; streams leave that out.
    this.log.skip(2)
    this.#bury(node)
  }

  /** What has been deleted for long enough leaves nothing behind. */
  #bury(node: FileNode): void {
    const now = this.#options.clock.now()
    this.#tombstones.push({ node, until: now + this.#options.delays.tombstoneMs })
    const isOver = this.#tombstones.findIndex(({ until }) => until > now)
    for (const { node: old } of this.#tombstones.splice(0, isOver)) {
      this.#nodes.delete(old.fileId)
      this.log.forget(old)
    }
  }

  /** Only the directory's own document changes: its old parent's observers hear nothing. */
  #discard(node: FileNode): void {
    node.parent?.children?.remove(node)
    node.parent = this.trash
    node.displayName = `${node.name}@@${node.uuid}`
    this.trash.children?.add(node)
    this.#publish(node, 'meta')
    const cancel = this.#options.clock.timer(2 * this.#options.delays.pollMs, () => {
      this.#purges.delete(cancel)
      for (const inside of [...subtree(node)].reverse()) this.#delete(inside)
    })
    this.#purges.add(cancel)
  }

  #touchContent(node: FileNode): void {
    node.mtime = this.#seconds()
    this.#touchMetadata(node)
  }

  #touchMetadata(node: FileNode): void {
    node.ctime = this.#seconds()
    this.#queue.times(node)
  }

  #seconds(): number {
    return Math.floor(this.#options.clock.now() / 1_000)
  }
}

function timesOf({ atime, mtime, ctime }: NodeTimes) {
  return { atime, mtime, ctime }
}

const noLocations: ReadonlyMap<string, Blocks> = new Map()

function requireFile(node: FileNode): void {
  if (node.type !== 'REG') throw new PosixError('eisdir')
}

function checkName(name: string): void {
  if (name === '' || name === '.' || name === '..' || name.includes('/') || name.includes('\0'))
    throw new PosixError('einval')
  if (Buffer.byteLength(name) > 255) throw new PosixError('enametoolong')
}
