import type { FileEvent } from '../core/event.ts'
import type { FileState } from '../core/file-state.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { PipelineMeter } from './meter.ts'
import type { Changes } from './work-sheet.ts'

/** One step in a file's life, for those who watch. */
export interface Progress {
  readonly state: FileState
  /** Set when the step made an event. */
  readonly event?: FileEvent
}

export interface AnnouncerOptions {
  readonly clock: Clock
  readonly meter: PipelineMeter
  readonly log: Log
  /** Called after events for these targets are durable. */
  readonly onOwed: (targets: readonly string[]) => void
  readonly onProgress?: (progress: Progress) => void
}

/** Tells logs, metrics, watchers and the dispatcher of what is durable. */
export class Announcer {
  readonly #options: AnnouncerOptions

  constructor(options: AnnouncerOptions) {
    this.#options = options
  }

  committed(changes: readonly Changes[]): void {
    for (const { events, states, premature, trigger } of changes) {
      const made = new Map(events.map(({ event }) => [event.fileId, event]))
      for (const { state } of states) {
        const event = made.get(state.fileId)
        this.step(event === undefined ? { state } : { state, event })
      }
      for (const { event } of events) this.#event(event)
      for (let count = 0; count < premature; count++) this.#options.meter.premature(trigger)
    }
    const targets = new Set(changes.flatMap(({ events }) => events.flatMap((owed) => owed.targets)))
    if (targets.size > 0) this.#options.onOwed([...targets])
  }

  step(progress: Progress): void {
    this.#options.onProgress?.(progress)
  }

  #event({ kind, id, trigger, path, size, evidence }: FileEvent): void {
    const { meter, log, clock } = this.#options
    const fields = { trigger, path, size, event: id, rung: evidence.rung }
    if (kind === 'complete') {
      meter.fired(trigger, evidence.rung)
      log.info({ ...fields, afterMs: clock.now() - evidence.lastChangeAt }, 'the file is complete')
    } else {
      meter.stalled(trigger)
      log.warn({ ...fields, because: evidence.because }, 'the file is stalled')
    }
  }
}
