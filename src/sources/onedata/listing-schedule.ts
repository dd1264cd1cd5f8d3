import type { SourceDeps } from '../define.ts'
import { GapPace } from './gap-pace.ts'
import { memoryOf } from './memory.ts'
import type { OnedataOptions } from './options.ts'

export interface ListingScheduleOptions {
  readonly deps: Pick<SourceDeps, 'clock' | 'warm'>
  readonly options: Pick<OnedataOptions, 'reconcileInterval' | 'pollInterval'>
  /** Names what is listed, for later runs of this process. */
  readonly key: string
}

/** When everything is listed: now and then to repair what a stream misses, more often while a folder is missing, and soon where a gap is suspected. */
export class ListingSchedule {
  readonly #options: ListingScheduleOptions
  readonly #gapPace = new GapPace()
  #isGapSuspected = false
  #isFolderMissing = false
  #listedAt = 0

  constructor(options: ListingScheduleOptions) {
    this.#options = options
  }

  /** Milliseconds on our clock. Says nothing before the first listing. */
  get dueAt(): number {
    const { reconcileInterval, pollInterval } = this.#options.options
    const regular = this.#listedAt + (this.#isFolderMissing ? pollInterval : reconcileInterval)
    return this.#isGapSuspected ? Math.min(regular, this.#gapPace.opensAt) : regular
  }

  /** A gap is suspected; gives whether none was since the last listing began. */
  suspectGap(): boolean {
    const isFirst = !this.#isGapSuspected
    this.#isGapSuspected = true
    // Should this run end before it is listed, the next one lists.
    this.#forget()
    return isFirst
  }

  /** A listing begins now: it answers every gap that was suspected so far, and none that is from now on. */
  begin(): void {
    if (this.#isGapSuspected) this.#gapPace.note(this.#options.deps.clock.now())
    this.#isGapSuspected = false
  }

  /** The listing has ended. A later run remembers it, with the directories that are known by then. */
  end(isFolderMissing: boolean, directories: ReadonlySet<string>): void {
    const { deps, key } = this.#options
    this.#listedAt = deps.clock.now()
    this.#isFolderMissing = isFolderMissing
    if (isFolderMissing || this.#isGapSuspected) this.#forget()
    else memoryOf(deps)?.listings.set(key, { at: this.#listedAt, directories })
  }

  #forget(): void {
    memoryOf(this.#options.deps)?.listings.delete(this.#options.key)
  }

  /** The directories known to an earlier run of this process, where its listing is not yet due again: that one counts from now on. Else null. */
  resume(): ReadonlySet<string> | null {
    const { deps, options, key } = this.#options
    const listed = memoryOf(deps)?.listings.get(key)
    if (listed === undefined || deps.clock.now() - listed.at >= options.reconcileInterval) return null
    this.#listedAt = listed.at
    return listed.directories
  }
}
