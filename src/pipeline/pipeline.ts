import { isPending } from '../core/file-state.ts'
import type { Observation, ObservedBy } from '../core/observation.ts'
import type { KnownFile, PartHealth, Space, WatchBatch, WatchNeeds, WatchSink } from '../core/source.ts'
import type { Trigger } from '../core/trigger.ts'
import { Announcer, type AnnouncerOptions, type Progress } from './announcer.ts'
import { DueReader, type DueReaderOptions } from './due-reader.ts'
import { Ledger, type LedgerOptions } from './ledger.ts'
import { pendingPhases } from './pending-files.ts'
import { inPieces } from './pieces.ts'
import { Scans } from './scans.ts'
import { StorePatience } from './store-patience.ts'
import { TriggerStepper } from './trigger-stepper.ts'
import { needsOf } from './watch-needs.ts'
import type { Changes } from './work-sheet.ts'

export type { Progress }

export interface PipelineOptions extends LedgerOptions, AnnouncerOptions, DueReaderOptions {
  readonly space: Space
  /** See `SpaceWatch.providers`. */
  readonly providers?: readonly string[] | undefined
  /** The triggers on this (source, space). */
  readonly triggers: readonly Trigger[]
  /** When this process first tried to watch the space, by our clock; now where nothing is said. */
  readonly since?: number
}

export interface Pipeline {
  readonly needs: WatchNeeds
  readonly sink: WatchSink
  /**
   * Loads what is pending and looks after it until the signal aborts, then resolves. Rejects when it cannot go on: another process has taken over
   * (`STORE_FENCED`), the database is damaged (`STORE_CORRUPT`), a defect. Other failures of the store are waited out.
   */
  run(signal: AbortSignal): Promise<void>
  /** Whether it takes in; while the store fails it does not. */
  health(): PartHealth
}

/** The shell around completion: takes observations in, keeps the one timer, asks for fresh reads, and commits what follows. */
export function createPipeline(options: PipelineOptions): Pipeline {
  return new SpacePipeline(options)
}

class SpacePipeline implements Pipeline {
  readonly needs: WatchNeeds
  readonly sink: WatchSink
  readonly #options: PipelineOptions
  readonly #steppers: readonly TriggerStepper[]
  readonly #patience: StorePatience
  readonly #ledger: Ledger
  readonly #scans: Scans
  readonly #reader: DueReader
  readonly #stop = new AbortController()
  readonly #loaded = Promise.withResolvers<void>()

  constructor(options: PipelineOptions) {
    const announcer = new Announcer(options)
    this.#options = options
    this.needs = needsOf(options.triggers)
    this.#steppers = options.triggers.map((trigger) => new TriggerStepper(trigger, options.space, options.providers))
    this.#patience = new StorePatience(options.clock, options.log)
    this.#ledger = new Ledger(options, { patience: this.#patience, announcer }, this.#stop.signal)
    const since = options.since ?? options.clock.now()
    this.#scans = new Scans(this.#ledger, this.#steppers, { log: options.log, since })
    const parts = { ledger: this.#ledger, announcer, steppers: this.#steppers, xattrs: this.needs.xattrs }
    this.#reader = new DueReader(options, parts)
    this.sink = {
      push: (batch) => this.#loaded.promise.then(() => this.#push(batch)),
      known: (fileIds) => this.#loaded.promise.then(() => this.#known(fileIds)),
    }
    // Nobody may be waiting when it rejects: the run itself does.
    this.#loaded.promise.catch(() => {})
  }

  health(): PartHealth {
    return this.#patience.health()
  }

  async run(signal: AbortSignal): Promise<void> {
    const abort = () => this.#stop.abort(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) abort()
    let reading: Promise<void> = Promise.resolve()
    try {
      await this.#load()
      this.#loaded.resolve()
      reading = this.#reader.run()
      await Promise.race([reading, this.#ledger.failed])
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      signal.removeEventListener('abort', abort)
      this.#stop.abort(new Error('the pipeline has ended'))
      this.#loaded.reject(this.#stop.signal.reason)
      await Promise.allSettled([reading, this.#ledger.idle()])
    }
  }

  async #load(): Promise<void> {
    const { clock, meter } = this.#options
    for (const stepper of this.#steppers) {
      const { name } = stepper.trigger
      stepper.baseline = await this.#ledger.stored((store) => store.baseline(name))
      let page = await this.#ledger.page(name, pendingPhases, null)
      while (page.length > 0) {
        // All come up at once, and are put off where their time has not come: clock and configuration may have changed meanwhile.
        for (const state of page) this.#ledger.pending.put({ ...state, wakeAt: clock.now() })
        page = await this.#ledger.page(name, pendingPhases, page.at(-1)?.fileId ?? null)
      }
      for (const phase of pendingPhases) meter.pending(name, phase, this.#ledger.pending.count(name, phase))
    }
  }

  async #push(batch: WatchBatch): Promise<void> {
    for (const piece of inPieces(batch)) await this.#ledger.inTurn(() => this.#take(piece))
    if (batch.mark?.kind === 'end') await this.#scans.end(batch.mark)
  }

  async #take({ observations, mark, cursor, scan, ats }: WatchBatch): Promise<void> {
    if (mark?.kind === 'begin') await this.#scans.begin(mark)
    this.#scans.note(observations)
    this.#count(observations)
    const now = this.#ledger.moment()
    const moments = ats?.map((at) => (at < now.now ? { ...now, now: at } : now))
    const changes: Changes[] = []
    for (const stepper of this.#steppers) {
      const sheet = await this.#ledger.sheet(stepper, observations)
      for (const [index, seen] of observations.entries())
        sheet.apply(stepper.observed(seen, sheet, moments?.[index] ?? now, scan !== undefined))
      changes.push(sheet.changes())
    }
    await this.#ledger.commit(changes, cursor)
    this.#scans.noteCommitted(changes)
  }

  #count(observations: readonly Observation[]): void {
    const byWay = new Map<ObservedBy, number>()
    for (const seen of observations) {
      if (seen.kind !== 'notAFile') byWay.set(seen.by, (byWay.get(seen.by) ?? 0) + 1)
    }
    for (const [by, count] of byWay) this.#options.meter.observed(this.#options.sourceName, by, count)
  }

  async #known(fileIds: readonly string[]): Promise<ReadonlyMap<string, KnownFile>> {
    const known = new Map<string, KnownFile>()
    for (const { trigger } of this.#steppers) {
      for (const [fileId, state] of await this.#ledger.stored((store) => store.files(trigger.name, fileIds))) {
        if (state.phase === 'gone') continue
        const pending = isPending(state) || known.get(fileId)?.pending === true
        known.set(fileId, { size: state.facts.size ?? null, mtime: state.facts.mtime ?? null, pending })
      }
    }
    return known
  }
}
