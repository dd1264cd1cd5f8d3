import type { Cancel, Clock } from '../../lib/clock.ts'
import type { FileNode } from './file-node.ts'

/** So many nodes whose times have changed are not held back any longer: whoever changes one more first writes all of them (`times_cache.erl`). */
const mostTimes = 10_000
/** Where times are written because it is time to, they are one after the other, each by an update of the database. How fast that is differs: this is a quick one. */
const [writtenAtOnce, writeMs] = [50, 10]

/**
 * Holds changed sizes and times back as a provider's caches do (reference, section 15): a file's size goes out at once after a pause, then at most
 * every `sizeFlushMs`; times go out every `timesFlushMs`, and as soon as they are many. Readers by id see them at once all the same; streams do not.
 */
export class FlushQueue {
  readonly #clock: Clock
  readonly #delays: { readonly sizeFlushMs: number; readonly timesFlushMs: number }
  readonly #publish: (node: FileNode, kind: 'location' | 'times') => void
  readonly #lastSize = new Map<FileNode, number>()
  readonly #sizes = new Map<FileNode, Cancel>()
  readonly #times = new Set<FileNode>()
  #timesTimer: Cancel | null = null
  /** Whose times are being written, in this order. */
  readonly #writing = new Set<FileNode>()
  #writeTimer: Cancel | null = null

  constructor(
    clock: Clock,
    delays: { readonly sizeFlushMs: number; readonly timesFlushMs: number },
    publish: (node: FileNode, kind: 'location' | 'times') => void,
  ) {
    this.#clock = clock
    this.#delays = delays
    this.#publish = publish
  }

  /** The file's size or blocks have changed. */
  size(node: FileNode): void {
    if (this.#sizes.has(node)) return
    const waitMs = (this.#lastSize.get(node) ?? Number.NEGATIVE_INFINITY) + this.#delays.sizeFlushMs - this.#clock.now()
    if (waitMs <= 0) this.#flushSize(node)
    else
      this.#sizes.set(
        node,
        this.#clock.timer(waitMs, () => this.#flushSize(node)),
      )
  }

  /** The node's times have changed. */
  times(node: FileNode): void {
    if (this.#delays.timesFlushMs <= 0) {
      this.#publish(node, 'times')
      return
    }
    // Its turn is still to come, and then what is written is the newest.
    if (this.#writing.has(node)) return
    this.#times.add(node)
    if (this.#times.size >= mostTimes) this.#writeAllTimes()
    else this.#timesTimer ??= this.#clock.timer(this.#delays.timesFlushMs, () => this.#flushTimes())
  }

  /** What an fsync does: the size goes out now. */
  sync(node: FileNode): void {
    if (this.#sizes.has(node)) this.#flushSize(node)
  }

  /** The node is deleted: nothing of it is owed any more. */
  forget(node: FileNode): void {
    this.#sizes.get(node)?.()
    this.#sizes.delete(node)
    this.#lastSize.delete(node)
    this.#times.delete(node)
    this.#writing.delete(node)
  }

  close(): void {
    for (const cancel of this.#sizes.values()) cancel()
    this.#sizes.clear()
    this.#timesTimer?.()
    this.#timesTimer = null
    this.#writeTimer?.()
    this.#writeTimer = null
  }

  #flushSize(node: FileNode): void {
    this.#sizes.get(node)?.()
    this.#sizes.delete(node)
    if (this.#delays.sizeFlushMs > 0) this.#lastSize.set(node, this.#clock.now())
    this.#publish(node, 'location')
  }

  #flushTimes(): void {
    this.#startWriting()
    if (this.#writeTimer === null) this.#writeSome()
  }

  #writeAllTimes(): void {
    this.#startWriting()
    this.#write(this.#writing.size)
  }

  #startWriting(): void {
    this.#timesTimer?.()
    this.#timesTimer = null
    for (const node of this.#times) this.#writing.add(node)
    this.#times.clear()
  }

  #writeSome(): void {
    this.#writeTimer = null
    this.#write(writtenAtOnce)
    if (this.#writing.size > 0) this.#writeTimer = this.#clock.timer(writeMs, () => this.#writeSome())
  }

  #write(count: number): void {
    for (const node of this.#writing.values().take(count)) {
      this.#writing.delete(node)
      this.#publish(node, 'times')
    }
  }
}
