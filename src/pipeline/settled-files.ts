import { LRUCache } from 'lru-cache'
import { type FileState, isPending } from '../core/file-state.ts'

/** Twice as many as finish between two flushes of a provider's times, 8 s, at 1,000 a second; all others are looked up in the store. */
const mostFiles = 16_384

/**
 * Files that were pending a moment ago, as they were stored. A provider tells of each once or twice more (its times follow up to 8 s later), which is
 * no news; under load it tells of thousands at once, and to look each up in the store would hold up what is due.
 */
export class SettledFiles {
  readonly #states = new LRUCache<string, FileState>({ max: mostFiles })

  get(trigger: string, fileId: string): FileState | undefined {
    return this.#states.get(keyOf(trigger, fileId))
  }

  /** Takes in a state that was stored, over the one it had before: files that were never pending, such as a listing finds them, are not kept. */
  put(state: FileState, before: FileState | undefined): void {
    const key = keyOf(state.trigger, state.fileId)
    if (isPending(state)) this.#states.delete(key)
    else if (this.#states.has(key) || (before !== undefined && isPending(before))) this.#states.set(key, state)
  }

  drop(trigger: string, fileId: string): void {
    this.#states.delete(keyOf(trigger, fileId))
  }
}

function keyOf(trigger: string, fileId: string): string {
  return `${trigger} ${fileId}`
}
