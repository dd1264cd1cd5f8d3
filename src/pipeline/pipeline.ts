import type { Baseline } from '../core/baseline.ts'
import type { Event } from '../core/event.ts'
import type { FileState } from '../core/file-state.ts'
import type { Observation, ObservedBy } from '../core/observation.ts'
import { isInside } from '../core/observation.ts'
import type {
  Cursor,
  KnownFile,
  PartHealth,
  ReadAnswer,
  ReadRequest,
  ScanMark,
  Space,
  WatchBatch,
  WatchNeeds,
  WatchSink,
} from '../core/source.ts'
import type { Trigger } from '../core/trigger.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Store, WatchKey } from '../store/store.ts'
import { baselineCut } from './baseline-cut.ts'
import type { PipelineMeter } from './meter.ts'
import { PendingFiles } from './pending-files.ts'
import { SeenIds } from './seen-ids.ts'
import { StorePatience } from './store-patience.ts'
import { TriggerStepper } from './trigger-stepper.ts'
import { type Changes, WorkSheet } from './work-sheet.ts'

/** One step in a file's life, for those who watch. */
export interface Progress {
  readonly state: FileState
  /** Set when the step made an event. */
  readonly event?: Event
}

export interface PipelineOptions {
  readonly watch: WatchKey
  /** Epoch of the lease under which this pipeline writes. */
  readonly epoch: number
  readonly sourceName: string
  readonly space: Space
  /** `SpaceWatch.read`. */
  readonly read: (requests: readonly ReadRequest[], signal: AbortSignal) => Promise<readonly ReadAnswer[]>
  /** The triggers on this (source, space). */
  readonly triggers: readonly Trigger[]
  readonly store: Store
  readonly clock: Clock
  readonly meter: PipelineMeter
  readonly log: Log
  /** Called after events for these targets are durable. */
  readonly onOwed: (targets: readonly string[]) => void
  readonly onProgress?: (progress: Progress) => void
}

export interface Pipeline {
  readonly needs: WatchNeeds
  readonly sink: WatchSink
  /** Loads what is pending and looks after it until the signal aborts. Rejects when another process has taken over (`STORE_FENCED`). */
  run(signal: AbortSignal): Promise<void>
  health(): PartHealth
}

/** Files read together: enough to find many in one directory, few enough to be answered soon. */
const readTogether = 500
const pageSize = 1_000

/** The shell around completion: takes observations in, keeps the one timer, asks for fresh reads, and commits what follows. */
export function createPipeline(options: PipelineOptions): Pipeline {
  return new SpacePipeline(options)
}

/** What one scan has found so far. */
interface RunningScan {
  readonly number: number
  readonly startedAt: number
  readonly seen: SeenIds
  known: number
}

class SpacePipeline implements Pipeline {
  readonly needs: WatchNeeds
  readonly sink: WatchSink
  readonly #options: PipelineOptions
  readonly #steppers: readonly TriggerStepper[]
  readonly #pending = new PendingFiles()
  readonly #baselines = new Map<string, Baseline>()
  readonly #loaded = Promise.withResolvers<void>()
  readonly #stop = new AbortController()
  #tail: Promise<unknown> = Promise.resolve()
  #scan: RunningScan | null = null
  readonly #patience: StorePatience
  #rewind: () => void = () => {}
  #fail: (error: unknown) => void = () => {}

  constructor(options: PipelineOptions) {
    this.#options = options
    this.#steppers = options.triggers.map((trigger) => new TriggerStepper(trigger, options.space))
    this.#patience = new StorePatience(options.clock, options.log)
    this.needs = needsOf(options.triggers)
    this.sink = {
      push: (batch) => this.#loaded.promise.then(() => this.#inTurn(() => this.#take(batch))),
      known: (fileIds) => this.#loaded.promise.then(() => this.#known(fileIds)),
    }
    // Nobody may be waiting when the load fails: the run itself rejects.
    this.#loaded.promise.catch(() => {})
  }

  health(): PartHealth {
    return this.#patience.health()
  }

  async run(signal: AbortSignal): Promise<void> {
    const failed = new Promise<never>((_, reject) => {
      this.#fail = reject
    })
    const abort = () => this.#stop.abort(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) abort()
    try {
      await this.#load()
      this.#loaded.resolve()
      await Promise.race([this.#lookAfter(), failed])
    } catch (error) {
      this.#loaded.reject(error)
      if (!signal.aborted) throw error
    } finally {
      signal.removeEventListener('abort', abort)
      this.#stop.abort(new Error('the pipeline has ended'))
      await this.#tail.catch(() => {})
    }
  }

  async #load(): Promise<void> {
    for (const { trigger } of this.#steppers) {
      const baseline = await this.#options.store.baseline(trigger.name)
      if (baseline !== null) this.#baselines.set(trigger.name, baseline)
      for await (const state of this.#pages(trigger.name, ['uploading', 'settling'])) {
        this.#pending.put({ ...state, wakeAt: state.wakeAt ?? this.#options.clock.now() })
      }
      this.#options.meter.pending(trigger.name, this.#pending.count(trigger.name))
    }
  }

  /** Waits for the next file that falls due, and looks after all that are. */
  async #lookAfter(): Promise<void> {
    const { clock } = this.#options
    const signal = this.#stop.signal
    while (!signal.aborted) {
      const nextAt = this.#pending.nextAt()
      if (nextAt === null || nextAt > clock.now()) await this.#until(nextAt, signal)
      else await this.#readDue(signal)
    }
  }

  #until(time: number | null, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        cancel()
        signal.removeEventListener('abort', done)
        this.#rewind = () => {}
        resolve()
      }
      this.#rewind = done
      const cancel = time === null ? () => {} : this.#options.clock.timer(time - this.#options.clock.now(), done)
      signal.addEventListener('abort', done, { once: true })
    })
  }

  async #readDue(signal: AbortSignal): Promise<void> {
    const requests = await this.#inTurn(() => this.#wakeDue())
    if (requests.length === 0) return
    const answers = await this.#options.read(requests, signal)
    await this.#inTurn(() => this.#takeAnswers(answers))
  }

  async #wakeDue(): Promise<readonly ReadRequest[]> {
    const now = this.#options.clock.now()
    const due = this.#pending.takeDue(now, readTogether)
    const requests = new Map<string, ReadRequest>()
    for (const stepper of this.#steppers) {
      const own = due.filter((state) => state.trigger === stepper.trigger.name)
      if (own.length === 0) continue
      const sheet = await this.#sheet(stepper, [], own)
      for (const state of own) {
        const consequence = stepper.due(state, sheet, now)
        // Where only the time moves there is nothing to store: a restart works it out anew.
        if (consequence.state !== undefined) this.#pending.put(consequence.state)
        if (consequence.read === undefined) continue
        requests.set(state.fileId, this.#request(state, consequence.read.distribution, requests.get(state.fileId)))
        this.#tell({ state: consequence.state ?? state })
      }
    }
    return [...requests.values()]
  }

  #request(state: FileState, distribution: boolean, other: ReadRequest | undefined): ReadRequest {
    return {
      fileId: state.fileId,
      path: state.path,
      xattrs: this.needs.xattrs,
      cdmi: this.#options.triggers.some((trigger) => trigger.completion.cdmi),
      distribution: distribution || (other?.distribution ?? false),
    }
  }

  async #takeAnswers(answers: readonly ReadAnswer[]): Promise<void> {
    const { clock, meter, sourceName } = this.#options
    meter.observed(sourceName, 'read', answers.length)
    const changes: Changes[] = []
    for (const stepper of this.#steppers) {
      const sheet = await this.#sheet(stepper, answers.filter(isObservation))
      for (const answer of answers) {
        if (this.#pending.get(stepper.trigger.name, answer.fileId) === undefined) continue
        sheet.apply(stepper.answered(answer, sheet, clock.now(), clock.wall()))
      }
      changes.push(sheet.changes())
    }
    await this.#commit(changes)
  }

  async #take(batch: WatchBatch): Promise<void> {
    if (batch.mark?.kind === 'begin') await this.#beginScan(batch.mark)
    const isBaseline = batch.scan !== undefined
    if (isBaseline) for (const { fileId } of batch.observations) this.#scan?.seen.add(fileId)
    this.#count(batch.observations)
    const now = this.#options.clock.now()
    const changes: Changes[] = []
    for (const stepper of this.#steppers) {
      const baseline = this.#baselines.get(stepper.trigger.name)
      const scanning = isBaseline && baseline?.state === 'scanning' ? baseline : null
      const sheet = await this.#sheet(stepper, batch.observations)
      for (const observation of batch.observations) sheet.apply(stepper.observed(observation, sheet, scanning, now))
      changes.push(sheet.changes())
    }
    this.#noteKnown(changes)
    await this.#commit(changes, batch.cursor)
    if (batch.mark?.kind === 'end') await this.#endScan(batch.mark)
  }

  #count(observations: readonly Observation[]): void {
    const byWay = new Map<ObservedBy, number>()
    for (const seen of observations) {
      if (seen.kind !== 'notAFile') byWay.set(seen.by, (byWay.get(seen.by) ?? 0) + 1)
    }
    for (const [by, count] of byWay) this.#options.meter.observed(this.#options.sourceName, by, count)
  }

  async #beginScan({ scan, serverTimeMs }: ScanMark & { kind: 'begin' }): Promise<void> {
    const { clock } = this.#options
    this.#scan = { number: scan, startedAt: clock.now(), seen: new SeenIds(), known: 0 }
    const fresh = this.#steppers.filter(({ trigger }) => !this.#baselines.has(trigger.name))
    const baselines = fresh.map(({ trigger }): Baseline => {
      return {
        trigger: trigger.name,
        state: 'scanning',
        cutMs: baselineCut(trigger.existing, serverTimeMs ?? clock.wall()),
      }
    })
    if (baselines.length > 0) await this.#commit([], undefined, baselines)
  }

  /** A complete listing proves what is missing, and ends the baseline of the triggers that had none. */
  async #endScan(mark: ScanMark & { kind: 'end' }): Promise<void> {
    const scan = this.#scan
    this.#scan = null
    if (scan === null || scan.number !== mark.scan || !mark.complete) return
    for (const stepper of this.#steppers) await this.#noteMissing(stepper, scan, mark.unreadable)
    const scanning = [...this.#baselines.values()].filter((baseline) => baseline.state === 'scanning')
    if (scanning.length === 0) return
    await this.#commit(
      [],
      undefined,
      scanning.map((baseline) => ({ ...baseline, state: 'done' as const })),
    )
    const triggers = scanning.map((baseline) => baseline.trigger)
    this.#options.log.info(
      { triggers, known: scan.known },
      'the first listing is done: files from before are known and do not fire',
    )
  }

  async #noteMissing(stepper: TriggerStepper, scan: RunningScan, unreadable: readonly string[]): Promise<void> {
    const { trigger } = stepper
    const missing: FileState[] = []
    for await (const state of this.#pages(trigger.name, ['uploading', 'settling', 'stalled', 'complete'])) {
      const hidden = unreadable.some((dir) => state.path === null || isInside(state.path, dir))
      // What was seen or changed since the scan began may have been behind it.
      if (scan.seen.has(state.fileId) || hidden || state.lastChangeAt >= scan.startedAt) continue
      missing.push(this.#pending.get(trigger.name, state.fileId) ?? state)
      if (missing.length === pageSize) await this.#miss(stepper, missing.splice(0))
    }
    if (missing.length > 0) await this.#miss(stepper, missing)
  }

  async #miss(stepper: TriggerStepper, states: readonly FileState[]): Promise<void> {
    const sheet = await this.#sheet(stepper, [], states)
    for (const state of states) sheet.apply([stepper.missed(state, this.#options.clock.now())])
    await this.#commit([sheet.changes()])
  }

  #noteKnown(changes: readonly Changes[]): void {
    if (this.#scan === null) return
    for (const { states } of changes) {
      for (const { state, before } of states) {
        if (before === undefined && state.evidence?.rung === 'baseline') this.#scan.known += 1
      }
    }
  }

  /** Commits until it is done: while the store does not work, nothing more is taken in. */
  async #commit(changes: readonly Changes[], cursor?: Cursor, baselines: readonly Baseline[] = []): Promise<void> {
    const states = changes.flatMap((each) => each.states.map(({ state }) => state))
    const forget = changes.flatMap((each) => each.forget)
    const events = changes.flatMap((each) => each.events)
    if (states.length + forget.length + baselines.length === 0 && cursor === undefined) return
    const { store, watch, epoch } = this.#options
    const commit = { watch, epoch, states, forget, events, baselines, ...(cursor === undefined ? {} : { cursor }) }
    await this.#patience
      .until(() => store.commit(commit), this.#stop.signal)
      .catch((error: unknown) => {
        this.#fail(error)
        throw error
      })
    for (const baseline of baselines) this.#baselines.set(baseline.trigger, baseline)
    for (const state of states) this.#pending.put(state)
    for (const { trigger, fileId } of forget) this.#pending.drop(trigger, fileId)
    this.#announce(changes)
    this.#rewind()
  }

  /** Tells of what is now durable. */
  #announce(changes: readonly Changes[]): void {
    for (const { trigger, states, events, premature } of changes) {
      const made = new Map(events.map(({ event }) => [event.fileId, event]))
      for (const { state } of states) {
        const event = made.get(state.fileId)
        this.#tell({ state, ...(event === undefined ? {} : { event }) })
      }
      for (const { event } of events) this.#announceEvent(event)
      for (let count = 0; count < premature; count++) this.#options.meter.premature(trigger)
      if (states.length > 0) this.#options.meter.pending(trigger, this.#pending.count(trigger))
    }
    const targets = new Set(changes.flatMap(({ events }) => events.flatMap((owed) => owed.targets)))
    if (targets.size > 0) this.#options.onOwed([...targets])
  }

  #announceEvent({ kind, id, trigger, path, size, evidence }: Event): void {
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

  #tell(progress: Progress): void {
    this.#options.onProgress?.(progress)
  }

  async #known(fileIds: readonly string[]): Promise<ReadonlyMap<string, KnownFile>> {
    const known = new Map<string, KnownFile>()
    for (const { trigger } of this.#steppers) {
      for (const [fileId, state] of await this.#options.store.files(trigger.name, fileIds)) {
        if (state.phase === 'gone') continue
        const pending = known.get(fileId)?.pending === true || state.phase === 'uploading' || state.phase === 'settling'
        known.set(fileId, { size: state.facts.size ?? null, mtime: state.facts.mtime ?? null, pending })
      }
    }
    return known
  }

  /** Loads what a trigger knows of the files concerned. */
  async #sheet(
    stepper: TriggerStepper,
    observations: readonly Observation[],
    states: readonly FileState[] = [],
  ): Promise<WorkSheet> {
    const { store } = this.#options
    const name = stepper.trigger.name
    const unknown = observations
      .map(({ fileId }) => fileId)
      .filter((fileId) => this.#pending.get(name, fileId) === undefined)
    const markers = states.flatMap((state) => stepper.markerOf(state) ?? [])
    const waiting = observations.flatMap(({ fileId }) => {
      const state = this.#pending.get(name, fileId)
      return state === undefined ? [] : (stepper.markerOf(state) ?? [])
    })
    const paths = [...markers, ...waiting, ...observations.flatMap((each) => stepper.relatedPaths(each))]
    const [byId, byPath] = await Promise.all([
      unknown.length === 0 ? new Map<string, FileState>() : store.files(name, [...new Set(unknown)]),
      paths.length === 0 ? [] : store.filesByPath(name, [...new Set(paths)]),
    ])
    return new WorkSheet(name, this.#pending, byId, byPath)
  }

  async *#pages(trigger: string, phases: Parameters<Store['pageFiles']>[1]): AsyncGenerator<FileState> {
    let after: string | null = null
    for (;;) {
      const page: readonly FileState[] = await this.#options.store.pageFiles(trigger, phases, after, pageSize)
      yield* page
      const last = page.at(-1)
      if (last === undefined) return
      after = last.fileId
    }
  }

  /** One after the other: batches, answers and ticks never interleave. */
  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const run = this.#tail.then(() => {
      this.#stop.signal.throwIfAborted()
      return task()
    })
    this.#tail = run.catch(() => {})
    return run
  }
}

function isObservation(answer: ReadAnswer): answer is Observation {
  return answer.kind !== 'unavailable'
}

function needsOf(triggers: readonly Trigger[]): WatchNeeds {
  const xattrs = triggers.flatMap(({ completion }) =>
    [completion.xattr?.key ?? [], completion.declaredSize ?? [], completion.checksum ?? []].flat(),
  )
  return {
    folders: [...new Set(triggers.map((trigger) => trigger.folder))],
    xattrs: [...new Set(xattrs)],
    holes: triggers.some((trigger) => trigger.completion.holes === 'veto'),
  }
}
