import { bytesIn } from './blocks.ts'
import { type FileNode, type NodeType, pathOf } from './file-node.ts'
import { PosixError } from './posix-error.ts'
import type { SpaceTree } from './space-tree.ts'

/** What a look at one file gives. */
export interface FileStat {
  readonly fileId: string
  readonly type: NodeType
  readonly size: number
  /** Seconds since the epoch. */
  readonly mtime: number
  readonly ctime: number
  /** Share of the bytes held by this provider, 0 to 1. */
  readonly localRate: number
}

/** Bytes, text, or so many bytes that are only counted (16 GiB cost nothing). */
export type Written = Uint8Array | string | number

/**
 * The files of a space for tests and scenarios, by path inside the space (`in/a.txt`; '' is the space itself), as somebody with all rights.
 * Everything happens at once, at the clock's time; streams hear of it after the provider's delays. Throws `PosixError` as the provider would refuse.
 */
export class SpaceModel {
  readonly #tree: SpaceTree

  constructor(tree: SpaceTree) {
    this.#tree = tree
  }

  /** Makes a directory and those above it; fine where it exists. Returns its id. */
  mkdir(path: string): string {
    let at = this.#tree.root
    for (const name of segments(path)) at = at.children?.get(name) ?? this.#tree.create(at, name, 'DIR')
    if (at.type !== 'DIR') throw new PosixError('enotdir')
    return at.fileId
  }

  /** A new file, complete where content is given (written and synced). The directory must exist. Returns its id. */
  create(path: string, content?: Written, options: { readonly mode?: number } = {}): string {
    const { parent, name } = this.#place(path)
    const node = this.#tree.create(parent, name, 'REG', options)
    if (content !== undefined) {
      this.#tree.write(node, 0, typeof content === 'string' ? Buffer.from(content) : content)
      this.#tree.sync(node)
    }
    return node.fileId
  }

  symlink(path: string, target: string): string {
    const { parent, name } = this.#place(path)
    return this.#tree.create(parent, name, 'SYMLNK', { symlinkValue: target, mode: 0o777 }).fileId
  }

  /** Writes at an offset (default: the end). What lies between is a hole. */
  write(path: string, content: Written, at?: number): void {
    const node = this.#node(path)
    this.#tree.write(node, at ?? node.size, typeof content === 'string' ? Buffer.from(content) : content)
  }

  /** What closing the file does: its size goes into the log without delay. */
  sync(path: string): void {
    this.#tree.sync(this.#node(path))
  }

  truncate(path: string, size: number): void {
    this.#tree.truncate(this.#node(path), size)
  }

  /** Replaces the content, as a second upload to the same name does: same id, new bytes, synced. */
  overwrite(path: string, content: Written): void {
    this.truncate(path, 0)
    this.write(path, content, 0)
    this.sync(path)
  }

  /** Renames or moves inside the space; a file in the way is replaced. */
  move(from: string, to: string): void {
    const { parent, name } = this.#place(to)
    this.#tree.move(this.#node(from), parent, name)
  }

  /** Deletes a file, or a directory with all in it (by way of the trash). */
  remove(path: string): void {
    this.#tree.remove(this.#node(path))
  }

  chmod(path: string, mode: number): void {
    this.#tree.chmod(this.#node(path), mode)
  }

  setTimes(path: string, times: { readonly atime?: number; readonly mtime?: number }): void {
    this.#tree.setTimes(this.#node(path), times)
  }

  /** Sets an extended attribute; undefined removes it. */
  setXattr(path: string, name: string, value: unknown): void {
    const node = this.#node(path)
    const { [name]: _old, ...others } = node.custom?.xattrs ?? {}
    const xattrs = value === undefined ? others : { ...others, [name]: value }
    this.#tree.setCustom(node, { ...node.custom, xattrs })
  }

  /** The bytes are no longer here, but with another provider. */
  evict(path: string, heldBy = 'another-provider'): void {
    this.addReplica(path, heldBy)
    this.#tree.setBlocks(this.#node(path), this.#tree.providerId, [])
  }

  /** Another provider holds all of the file. */
  addReplica(path: string, providerId: string): void {
    const node = this.#node(path)
    this.#tree.setBlocks(node, providerId, wholeOf(node))
  }

  /** This provider has fetched all of the file. */
  replicate(path: string): void {
    const node = this.#node(path)
    this.#tree.setBlocks(node, this.#tree.providerId, wholeOf(node))
  }

  /** Says that an upload through CDMI is under way (or broke off), or that it is over. */
  setProcessing(path: string, processing: boolean): void {
    this.#node(path).processing = processing
  }

  /** Null where there is nothing. */
  stat(path: string): FileStat | null {
    const node = this.#tree.lookup(segments(path))
    if (node === null) return null
    const { fileId, type, size, mtime, ctime } = node
    return { fileId, type, size, mtime, ctime, localRate: localRate(node, this.#tree.providerId) }
  }

  /** Path of a file by its id; null where there is none. */
  pathOf(fileId: string): string | null {
    const node = this.#tree.find(fileId)
    return node === null ? null : pathOf(node)
  }

  /** Paths of the direct children of a directory, in the provider's order. */
  list(path: string): readonly string[] {
    return (this.#node(path).children?.sorted() ?? []).map(pathOf)
  }

  /** The bytes of a file; up to 64 MiB of what was written is kept, the rest are zeros. */
  read(path: string): Buffer {
    const node = this.#node(path)
    return Buffer.concat([...node.content.read(0, node.size)])
  }

  /** Number of the newest change in the provider's log. */
  sequence(): number {
    return this.#tree.log.current
  }

  /** Number of the newest change in the provider's log that its streams have told of. */
  told(): number {
    return this.#tree.log.visible
  }

  #node(path: string): FileNode {
    const node = this.#tree.lookup(segments(path))
    if (node === null) throw new PosixError('enoent')
    return node
  }

  #place(path: string): { readonly parent: FileNode; readonly name: string } {
    const names = segments(path)
    const name = names.pop()
    if (name === undefined) throw new PosixError('eexist')
    const parent = this.#tree.lookup(names)
    if (parent === null) throw new PosixError('enoent')
    return { parent, name }
  }
}

/** Share of the file's bytes that the provider holds; 1 for an empty file. */
export function localRate(node: FileNode, providerId: string): number {
  return node.size === 0 ? 1 : Math.min(1, bytesIn(node.locations.get(providerId) ?? []) / node.size)
}

function wholeOf(node: FileNode): readonly (readonly [number, number])[] {
  return node.size === 0 ? [] : [[0, node.size]]
}

function segments(path: string): string[] {
  return path.split('/').filter((name) => name !== '')
}
