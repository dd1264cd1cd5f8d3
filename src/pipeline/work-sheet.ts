import type { FileState } from '../core/file-state.ts'
import type { OwedEvent } from '../store/store.ts'
import type { PendingFiles } from './pending-files.ts'
import type { Consequence, Known } from './trigger-stepper.ts'

/** What one batch comes to for one trigger. */
export interface Changes {
  readonly trigger: string
  readonly states: readonly { readonly state: FileState; readonly before: FileState | undefined }[]
  readonly forget: readonly { readonly trigger: string; readonly fileId: string }[]
  readonly events: readonly OwedEvent[]
  readonly premature: number
}

/** Gathers what a batch changes for one trigger, and answers with that before it answers with what was known. */
export class WorkSheet implements Known {
  readonly #trigger: string
  readonly #pending: PendingFiles
  readonly #byId: ReadonlyMap<string, FileState>
  readonly #byPath: readonly FileState[]
  readonly #changed = new Map<string, FileState>()
  readonly #forgotten = new Set<string>()
  readonly #events: OwedEvent[] = []
  #premature = 0

  constructor(
    trigger: string,
    pending: PendingFiles,
    byId: ReadonlyMap<string, FileState>,
    byPath: readonly FileState[],
  ) {
    this.#trigger = trigger
    this.#pending = pending
    this.#byId = new Map([...byPath.map((state) => [state.fileId, state] as const), ...byId])
    this.#byPath = byPath
  }

  get(fileId: string): FileState | undefined {
    if (this.#forgotten.has(fileId)) return undefined
    return this.#changed.get(fileId) ?? this.#before(fileId)
  }

  byPath(path: string): FileState | undefined {
    for (const state of this.#changed.values()) if (state.path === path && state.phase !== 'gone') return state
    const pending = this.#pending.byPath(this.#trigger, path)
    const found = pending ?? this.#byPath.find((state) => state.path === path)
    const now = found === undefined ? undefined : this.get(found.fileId)
    return now?.path === path ? now : undefined
  }

  apply(consequences: readonly Consequence[]): void {
    for (const { state, forget, owed, premature } of consequences) {
      if (state !== undefined) {
        this.#changed.set(state.fileId, state)
        this.#forgotten.delete(state.fileId)
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
    return this.#pending.get(this.#trigger, fileId) ?? this.#byId.get(fileId)
  }
}
