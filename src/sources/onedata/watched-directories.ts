import { isInside, parentsOf } from '../../core/observation.ts'
import { DirectoryTree } from './directory-tree.ts'

/** New directories are gathered for this long before the stream is made wider. */
const gatherMs = 1_000
/** Beyond this the list of directories is too long for one request. */
export const mostDirectories = 5_000

/** The tree has more directories than a stream can list: another way has to be taken. */
export class TreeTooLarge extends Error {}

/** The directories that a stream of events watches, and those that it will watch when it is opened anew. */
export class WatchedDirectories {
  readonly tree = new DirectoryTree()
  readonly #limit: number
  /** Found since the stream was opened: id -> path. */
  #unwatched = new Map<string, string>()
  #gatherUntil: number | null = null
  /** Those that a stream was refused for. */
  #refused = new Set<string>()
  /** Those that were watched when the latest listing began, and that it lacked. */
  #lacking: ReadonlySet<string> = new Set()
  /** Paths of those that the latest listing could not read. */
  #unreadable: ReadonlySet<string> = new Set()

  /** `limit`: how many directories there may be. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Whether the stream watches all that are known. */
  get isComplete(): boolean {
    return this.#unwatched.size === 0
  }

  /** When the stream is to be made wider, by our clock; infinity = it need not be. */
  get widenAt(): number {
    return this.#gatherUntil ?? Number.POSITIVE_INFINITY
  }

  /** Notes those that the stream does not watch. Throws `TreeTooLarge` beyond the limit. */
  found(directories: ReadonlyMap<string, string>, now: number): void {
    for (const [fileId, path] of directories) {
      if (!this.tree.has(fileId) && !this.#refused.has(fileId)) this.#unwatched.set(fileId, path)
    }
    if (this.#unwatched.size > 0) this.#gatherUntil ??= now + gatherMs
    if (this.tree.size + this.#unwatched.size > this.#limit) throw new TreeTooLarge()
  }

  /**
   * Takes in what a whole listing found: those that were refused are tried again once they can be read; those that two in a row lacked have left and are
   * watched no more, for else they would fill the list. What lies in no other one stays: there is always something to watch. `before`: what was watched
   * when it began.
   */
  listed(directories: ReadonlyMap<string, string>, unreadable: readonly string[], before: readonly string[]): void {
    const isUnreadable = (path: string) => unreadable.some((dir) => isInside(path, dir))
    const watched = new Set(this.tree.ids().map((fileId) => this.tree.path(fileId)))
    const lacking = before.filter((fileId) => {
      const path = this.tree.path(fileId)
      if (path === undefined || path === '' || directories.has(fileId) || isUnreadable(path)) return false
      return ['', ...parentsOf(path)].some((parent) => watched.has(parent))
    })
    for (const fileId of lacking) if (this.#lacking.has(fileId)) this.tree.delete(fileId)
    this.#lacking = new Set(lacking)
    this.#unreadable = new Set(unreadable)
    this.#refused = new Set([...this.#refused].filter((fileId) => this.#unreadable.has(directories.get(fileId) ?? '')))
  }

  /** A stream of all that are watched was refused for one of them: it is watched no more, nor are those that no listing can read. Gives whether there was one. */
  refuse(index: number): boolean {
    const refused = this.tree.ids().filter((id, at) => at === index || this.#unreadable.has(this.tree.path(id) ?? ''))
    for (const fileId of refused) {
      this.tree.delete(fileId)
      this.#refused.add(fileId)
    }
    return refused.length > 0
  }

  /** Gives watched directories the paths that a listing found them under. */
  rename(directories: ReadonlyMap<string, string>): void {
    for (const [fileId, path] of directories) if (this.tree.has(fileId)) this.tree.set(fileId, path)
  }

  /** The next stream will watch all that are known; gives those that are new to it. */
  adopt(): ReadonlyMap<string, string> {
    const added = this.#unwatched
    for (const [fileId, path] of added) this.tree.set(fileId, path)
    this.#unwatched = new Map()
    this.#gatherUntil = null
    return added
  }
}
