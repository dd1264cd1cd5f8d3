import type { FileState } from '../core/file-state.ts'
import { isInside, type Observation } from '../core/observation.ts'
import { SeenIds } from './seen-ids.ts'

/** What one listing has found so far. */
export class RunningScan {
  readonly number: number
  readonly #startedAt: number
  readonly #knew: ReadonlySet<string>
  readonly #seen = new SeenIds()
  readonly #knownFromBefore = new Map<string, number>()

  /** `startedAt` by our clock; `knew`: triggers that knew files then. */
  constructor(number: number, startedAt: number, knew: ReadonlySet<string>) {
    this.number = number
    this.#startedAt = startedAt
    this.#knew = knew
  }

  /** Where a trigger knew no file when the listing began, the listing can lack none: a million need not be compared with themselves. */
  knewFilesOf(trigger: string): boolean {
    return this.#knew.has(trigger)
  }

  /** Takes in what the listing found, and what the stream told meanwhile: a file that moves may escape the listing. */
  note(observations: readonly Observation[]): void {
    for (const { kind, fileId } of observations) if (kind === 'file') this.#seen.add(fileId)
  }

  countKnown(trigger: string, count: number): void {
    this.#knownFromBefore.set(trigger, this.knownFromBefore(trigger) + count)
  }

  /** Files that the baseline of this trigger took as known. */
  knownFromBefore(trigger: string): number {
    return this.#knownFromBefore.get(trigger) ?? 0
  }

  /** Whether the listing, complete but for the `unreadable` directories, proves that the file was not there. */
  lacks(state: FileState, unreadable: readonly string[]): boolean {
    // What changed since the scan began may have been behind it.
    if (this.#seen.has(state.fileId) || state.lastChangeAt >= this.#startedAt) return false
    return !unreadable.some((dir) => state.path === null || isInside(state.path, dir))
  }
}
