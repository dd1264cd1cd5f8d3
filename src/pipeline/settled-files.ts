import { type FileState, isPending } from '../core/file-state.ts'

/** Twice as many as finish between two flushes of a provider's times, 8 s, at 1,000 a second; those that came before them are looked up in the store. */
const mostFiles = 16_384
/** More than those, and so many are let go at once: to find the oldest one, a map passes by all that were deleted before it. */
const letGo = 1_024

/**
 * Files that were pending a moment ago, as they were stored. A provider tells of each once or twice more (its times follow up to 8 s later), which is
 * no news; under load it tells of thousands at once, and to look each up in the store would hold up what is due.
 */
export class SettledFiles {
  /** In the order in which they were stored. A cache of the library would take the room for all of them at once, also where nothing happens. */
  readonly #states = new Map<string, FileState>()

  get(trigger: string, fileId: string): FileState | undefined {
    return this.#states.get(keyOf(trigger, fileId))
  }

  /** Takes in a state that was stored, over the one it had before: files that were never pending, such as a listing finds them, are not kept. */
  put(state: FileState, before: FileState | undefined): void {
    const key = keyOf(state.trigger, state.fileId)
    const wasHere = this.#states.delete(key)
    const wasPending = before !== undefined && isPending(before)
    if (isPending(state) || !(wasHere || wasPending)) return
    this.#states.set(key, state)
    if (this.#states.size < mostFiles + letGo) return
    for (const oldest of this.#states.keys().take(letGo)) this.#states.delete(oldest)
  }

  drop(trigger: string, fileId: string): void {
    this.#states.delete(keyOf(trigger, fileId))
  }
}

function keyOf(trigger: string, fileId: string): string {
  return `${trigger} ${fileId}`
}
