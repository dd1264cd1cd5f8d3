import type { Cancel, Clock } from '../../lib/clock.ts'
import type { DocumentKind, FileNode } from './file-node.ts'

/** The newest state of one document. */
export interface Change {
  readonly seq: number
  readonly kind: DocumentKind
  readonly node: FileNode
}

/** What one look takes while it is busy (a query of a view), milliseconds. */
export const lookMs = 10
/** Most changes that one look shows. */
export const mostShown = 5_000
/** Of these so many at a time: a provider answers others meanwhile, and so does this one, though it has but one thread. */
const shownAtOnce = 200
/** Then, at once, the next ones. */
export const nextMs = 0
/** Below that many outdated entries nothing is cleared away. */
const leastStale = 1_024

/**
 * The changes view of one provider and space. It is compacted: of each document only its newest change is there, at its newest number.
 * Streams see a change when the log has next been looked at: after silence `pollMs` later at most, and at once after a look that showed something, as
 * cluster-worker's `couchbase_changes_stream.erl` and `couchbase_changes_worker.erl` do (`send_after(0, …)`), so that under load they lag by one look.
 * One look shows `mostShown` changes at most, and the next the rest.
 */
export class ChangeLog {
  readonly #clock: Clock
  readonly #pollMs: number
  readonly #readers = new Set<() => void>()
  #changes: Change[] = []
  #seq = 0
  #visible = 0
  #stale = 0
  #poll: Cancel | null = null
  /** What the look that is under way has yet to show. */
  #left = 0

  constructor(clock: Clock, pollMs: number) {
    this.#clock = clock
    this.#pollMs = pollMs
  }

  /** The highest number given out. */
  get current(): number {
    return this.#seq
  }

  /** The highest number that streams have been shown. */
  get visible(): number {
    return this.#visible
  }

  append(node: FileNode, kind: DocumentKind): void {
    if (node.seqs[kind] > 0) this.#stale++
    this.#seq++
    node.seqs[kind] = this.#seq
    this.#changes.push({ seq: this.#seq, kind, node })
    this.#compact()
    this.#lookIn(this.#pollMs)
  }

  /** Takes all that is told of a node out of the log. */
  forget(node: FileNode): void {
    for (const kind of ['meta', 'times', 'location', 'custom'] as const) {
      if (node.seqs[kind] > 0) this.#stale++
      node.seqs[kind] = 0
    }
    this.#compact()
  }

  /** Numbers that go to changes which nobody is told of. */
  skip(count: number): void {
    this.#seq += count
  }

  /** What is visible from `seq` on (inclusive), in order. */
  *from(seq: number): Generator<Change> {
    for (let at = this.#indexOf(seq); at < this.#changes.length; at++) {
      const change = this.#changes[at]
      if (change === undefined || change.seq > this.#visible) return
      if (change.node.seqs[change.kind] === change.seq) yield change
    }
  }

  /** Calls `read` whenever more has become visible, until the returned function is called. */
  follow(read: () => void): () => void {
    this.#readers.add(read)
    return () => this.#readers.delete(read)
  }

  /** What a restored database does: the same documents, counted from 1 again. */
  reset(): void {
    const kept = this.#changes.filter(({ node, kind, seq }) => node.seqs[kind] === seq)
    this.#changes = kept.map(({ node, kind }, index) => {
      node.seqs[kind] = index + 1
      return { seq: index + 1, kind, node }
    })
    this.#seq = kept.length
    this.#visible = this.#seq
    this.#stale = 0
  }

  close(): void {
    this.#poll?.()
    this.#poll = null
    this.#readers.clear()
  }

  #lookIn(ms: number): void {
    this.#poll ??= this.#clock.timer(ms, () => this.#look())
  }

  #look(): void {
    this.#poll = null
    if (this.#visible === this.#seq) {
      this.#left = 0
      return
    }
    if (this.#left === 0) this.#left = mostShown
    const shown = Math.min(this.#left, shownAtOnce)
    const last = this.#changes[this.#indexOf(this.#visible + 1) + shown - 1]
    this.#visible = last?.seq ?? this.#seq
    this.#left = last === undefined ? 0 : this.#left - shown
    for (const read of [...this.#readers]) read()
    this.#lookIn(this.#left > 0 ? nextMs : Math.min(lookMs, this.#pollMs))
  }

  #compact(): void {
    if (this.#stale < leastStale || this.#stale * 2 < this.#changes.length) return
    this.#changes = this.#changes.filter(({ node, kind, seq }) => node.seqs[kind] === seq)
    this.#stale = 0
  }

  /** Index of the first change at or after `seq`. */
  #indexOf(seq: number): number {
    let low = 0
    let high = this.#changes.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#changes[middle]?.seq ?? 0) < seq) low = middle + 1
      else high = middle
    }
    return low
  }
}
