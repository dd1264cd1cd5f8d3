import { type FileState, isPending } from '../core/file-state.ts'
import { Heap } from '../lib/heap.ts'

interface Entry {
  readonly at: number
  readonly trigger: string
  readonly fileId: string
}

/** The unfinished files of all triggers, in memory, in the order in which they fall due. */
export class PendingFiles {
  readonly #byTrigger = new Map<string, Map<string, FileState>>()
  /** Entries of files that have moved on meanwhile are skipped when they come up. */
  readonly #due = new Heap<Entry>((a, b) => a.at < b.at)
  /** Paths of pending files: a marker looks for its file by path. */
  readonly #byPath = new Map<string, string>()

  get(trigger: string, fileId: string): FileState | undefined {
    return this.#byTrigger.get(trigger)?.get(fileId)
  }

  byPath(trigger: string, path: string): FileState | undefined {
    const fileId = this.#byPath.get(`${trigger}\n${path}`)
    return fileId === undefined ? undefined : this.get(trigger, fileId)
  }

  count(trigger: string): number {
    return this.#byTrigger.get(trigger)?.size ?? 0
  }

  /** Takes in the newest state of a file: kept while it is pending, dropped otherwise. */
  put(state: FileState): void {
    this.drop(state.trigger, state.fileId)
    if (!isPending(state)) return
    const files = this.#byTrigger.get(state.trigger) ?? new Map<string, FileState>()
    this.#byTrigger.set(state.trigger, files.set(state.fileId, state))
    if (state.path !== null) this.#byPath.set(`${state.trigger}\n${state.path}`, state.fileId)
    if (state.wakeAt !== null) this.#due.push({ at: state.wakeAt, trigger: state.trigger, fileId: state.fileId })
  }

  drop(trigger: string, fileId: string): void {
    const before = this.get(trigger, fileId)
    if (before === undefined) return
    this.#byTrigger.get(trigger)?.delete(fileId)
    const key = `${trigger}\n${before.path}`
    if (this.#byPath.get(key) === fileId) this.#byPath.delete(key)
  }

  /** When the next file falls due; null = none will by itself. */
  nextAt(): number | null {
    for (let top = this.#due.peek(); top !== undefined; top = this.#due.peek()) {
      if (this.get(top.trigger, top.fileId)?.wakeAt === top.at) return top.at
      this.#due.pop()
    }
    return null
  }

  /** Takes out up to `limit` files that are due; they stay pending, but will not come up again before they are put anew. */
  takeDue(now: number, limit: number): FileState[] {
    const due: FileState[] = []
    const seen = new Set<FileState>()
    for (let at = this.nextAt(); at !== null && at <= now && due.length < limit; at = this.nextAt()) {
      const entry = this.#due.pop()
      const state = entry === undefined ? undefined : this.get(entry.trigger, entry.fileId)
      if (state === undefined || seen.has(state)) continue
      seen.add(state)
      due.push(state)
    }
    return due
  }
}
