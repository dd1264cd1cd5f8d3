import { type FileState, isPending, type Phase } from '../core/file-state.ts'
import { dirName } from '../core/observation.ts'
import { Heap } from '../lib/heap.ts'
import { DueDirectories } from './due-directories.ts'

/** A pending file, and the one entry in the order of time that stands for it. */
interface Slot {
  state: FileState
  /** When it comes up; never later than it has to; null = it does not. */
  queuedAt: number | null
}

interface Entry {
  readonly at: number
  readonly trigger: string
  readonly fileId: string
  /** As it was when the entry was made: where to look for the file, not what it is called. */
  readonly path: string
}

interface Queue {
  readonly peek: () => Entry | undefined
  readonly pop: () => Entry | undefined
}

/** Phases of files that are not decided upon yet. */
export const pendingPhases = ['uploading', 'settling'] as const satisfies readonly Phase[]

export type PendingPhase = (typeof pendingPhases)[number]

/** The unfinished files of all triggers, in memory, in the order in which they fall due. */
export class PendingFiles {
  readonly #counts = new Map<string, number>()
  readonly #byTrigger = new Map<string, Map<string, Slot>>()
  /**
   * A file that falls due later than its entry says is put back when the entry comes up: so a file that grows for hours, and falls due later
   * with each change, has one entry and not thousands.
   */
  readonly #due = new Heap<Entry>((a, b) => a.at < b.at)
  /** Entries whose time has come, until they are taken. */
  readonly #ready = new DueDirectories<Entry>()

  get(trigger: string, fileId: string): FileState | undefined {
    return this.#byTrigger.get(trigger)?.get(fileId)?.state
  }

  count(trigger: string, phase: PendingPhase): number {
    return this.#counts.get(`${phase} ${trigger}`) ?? 0
  }

  /** Takes in the newest state of a file: kept while it is pending, dropped otherwise. */
  put(state: FileState): void {
    if (!isPending(state)) {
      this.drop(state.trigger, state.fileId)
      return
    }
    const slots = this.#byTrigger.get(state.trigger) ?? new Map<string, Slot>()
    this.#byTrigger.set(state.trigger, slots)
    const known = slots.get(state.fileId)
    if (known !== undefined) this.#tally(known.state, -1)
    this.#tally(state, 1)
    const slot = known ?? { state, queuedAt: null }
    slot.state = state
    slots.set(state.fileId, slot)
    if (state.wakeAt !== null && (slot.queuedAt === null || state.wakeAt < slot.queuedAt))
      this.#queue(slot, state.wakeAt)
  }

  drop(trigger: string, fileId: string): void {
    const slots = this.#byTrigger.get(trigger)
    const slot = slots?.get(fileId)
    if (slot === undefined) return
    this.#tally(slot.state, -1)
    slots?.delete(fileId)
  }

  /** When the next file falls due; null = none will by itself. */
  nextAt(): number | null {
    return this.#firstAt(this.#ready) ?? this.#firstAt(this.#due)
  }

  /** Takes out up to `limit` files that are due, directory by directory; they stay pending, but will not come up again before they are put anew. */
  takeDue(now: number, limit: number): FileState[] {
    this.#gatherDue(now)
    const due: FileState[] = []
    while (due.length < limit && this.#firstAt(this.#ready) !== null) {
      const entry = this.#ready.pop()
      const slot = entry === undefined ? undefined : this.#slotOf(entry)
      if (slot === undefined) continue
      slot.queuedAt = null
      due.push(slot.state)
    }
    return due
  }

  #gatherDue(now: number): void {
    for (let at = this.#firstAt(this.#due); at !== null && at <= now; at = this.#firstAt(this.#due)) {
      const entry = this.#due.pop()
      if (entry !== undefined) this.#ready.add(dirName(entry.path), entry)
    }
  }

  /** When the first of a queue falls due, after those were dropped that stand for nothing any more; null = there is none. */
  #firstAt(queue: Queue): number | null {
    for (let top = queue.peek(); top !== undefined; top = queue.peek()) {
      const slot = this.#slotOf(top)
      if (slot !== undefined && slot.state.wakeAt === top.at) return top.at
      queue.pop()
      if (slot === undefined) continue
      slot.queuedAt = null
      if (slot.state.wakeAt !== null) this.#queue(slot, slot.state.wakeAt)
    }
    return null
  }

  #tally({ phase, trigger }: FileState, by: 1 | -1): void {
    const key = `${phase} ${trigger}`
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + by)
  }

  #queue(slot: Slot, at: number): void {
    slot.queuedAt = at
    const { trigger, fileId, path } = slot.state
    this.#due.push({ at, trigger, fileId, path: path ?? '' })
  }

  /** The slot that an entry stands for; entries that were overtaken by an earlier one stand for none. */
  #slotOf(entry: Entry): Slot | undefined {
    const slot = this.#byTrigger.get(entry.trigger)?.get(entry.fileId)
    return slot?.queuedAt === entry.at ? slot : undefined
  }
}
