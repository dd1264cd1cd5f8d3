import type { FileEvent } from '../core/event.ts'
import type { FileState } from '../core/file-state.ts'
import type { OwedEvent } from '../store/store.ts'
import type { PendingFiles } from './pending-files.ts'
import type { Consequence, Known } from './trigger-stepper.ts'

/** What one batch comes to for one trigger. */
export interface Changes {
  readonly trigger: string
  readonly states: readonly { readonly state: FileState; readonly before: FileState | undefined }[]
  readonly forget: readonly { readonly trigger: string; readonly fileId: string }[]
  readonly events: readonly OwedEvent<FileEvent>[]
  readonly premature: number
}

/** What was loaded from the store for a batch. */
export interface Loaded {
  readonly byId: ReadonlyMap<string, FileState>
  readonly byPath: readonly FileState[]
}

/** Gathers what a batch changes for one trigger, and answers with that before it answers with what was known. */
export class WorkSheet implements Known {
  readonly #trigger: string
  readonly #pending: PendingFiles
  readonly #loaded = new Map<string, FileState>()
  /** Which file is at a path: what the batch changed counts before what was loaded. */
  readonly #ids = new Map<string, string>()
  readonly #changed = new Map<string, FileState>()
  readonly #forgotten = new Set<string>()
  readonly #events: OwedEvent<FileEvent>[] = []
  #premature = 0

  constructor(trigger: string, pending: PendingFiles, { byId, byPath }: Loaded) {
    this.#trigger = trigger
    this.#pending = pending
    for (const state of [...byPath, ...byId.values()]) this.#loaded.set(state.fileId, state)
    // Two may be known at one path, where the older one was replaced and nobody has told yet that it left: the one that came last counts.
    for (const { path, fileId } of byPath.toSorted(newestFirst))
      if (path !== null && !this.#ids.has(path)) this.#ids.set(path, fileId)
  }

  get(fileId: string): FileState | undefined {
    if (this.#forgotten.has(fileId)) return undefined
    return this.#changed.get(fileId) ?? this.#before(fileId)
  }

  /** Finds files that the batch asked for by path or changed; not those that are gone. */
  byPath(path: string): FileState | undefined {
    const fileId = this.#ids.get(path)
    const state = fileId === undefined ? undefined : this.get(fileId)
    return state?.path === path && state.phase !== 'gone' ? state : undefined
  }

  apply(consequences: readonly Consequence[]): void {
    for (const { state, forget, owed, premature } of consequences) {
      if (state !== undefined) {
        this.#changed.set(state.fileId, state)
        this.#forgotten.delete(state.fileId)
        if (state.path !== null && state.phase !== 'gone') this.#ids.set(state.path, state.fileId)
      }
      if (forget !== undefined) {
        this.#changed.delete(forget)
        this.#forgotten.add(forget)
      }
      if (owed !== undefined) this.#events.push(owed)
      if (premature === true) this.#premature += 1
    }
  }

  changes(): Changes {
    return {
      trigger: this.#trigger,
      states: [...this.#changed.values()].map((state) => ({ state, before: this.#before(state.fileId) })),
      forget: [...this.#forgotten].map((fileId) => ({ trigger: this.#trigger, fileId })),
      events: this.#events,
      premature: this.#premature,
    }
  }

  #before(fileId: string): FileState | undefined {
    return this.#pending.get(this.#trigger, fileId) ?? this.#loaded.get(fileId)
  }
}

/** Those that are gone come last. */
function newestFirst(a: FileState, b: FileState): number {
  return Number(a.phase === 'gone') - Number(b.phase === 'gone') || b.lastChangeAt - a.lastChangeAt
}
