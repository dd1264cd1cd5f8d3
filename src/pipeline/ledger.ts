import type { Baseline } from '../core/baseline.ts'
import type { FileState, Phase } from '../core/file-state.ts'
import type { Observation } from '../core/observation.ts'
import type { Cursor } from '../core/source.ts'
import type { Clock } from '../lib/clock.ts'
import type { Store, WatchKey } from '../store/store.ts'
import type { Announcer } from './announcer.ts'
import type { PipelineMeter } from './meter.ts'
import { PendingFiles, pendingPhases } from './pending-files.ts'
import { SettledFiles } from './settled-files.ts'
import type { StorePatience } from './store-patience.ts'
import type { Moment, TriggerStepper } from './trigger-stepper.ts'
import { type Changes, WorkSheet } from './work-sheet.ts'

export interface LedgerOptions {
  readonly watch: WatchKey
  /** Epoch of the lease under which this pipeline writes. */
  readonly epoch: number
  readonly store: Store
  readonly clock: Clock
  readonly meter: PipelineMeter
}

const pageSize = 1_000

/** What is known, in memory and in the store, and the one way to change it: loaded for a batch, committed in one piece, one after the other. */
export class Ledger {
  readonly pending = new PendingFiles()
  readonly #settled = new SettledFiles()
  /** Ends everything that goes on here. */
  readonly signal: AbortSignal
  /** Rejects when the store cannot be waited for; everybody else just stops. */
  readonly failed: Promise<never>
  /** Called after each commit. */
  onCommit: () => void = () => {}
  readonly #options: LedgerOptions
  readonly #patience: StorePatience
  readonly #announcer: Announcer
  readonly #fail: (error: unknown) => void
  #tail: Promise<unknown> = Promise.resolve()

  constructor(
    options: LedgerOptions,
    { patience, announcer }: { readonly patience: StorePatience; readonly announcer: Announcer },
    signal: AbortSignal,
  ) {
    this.#options = options
    this.#patience = patience
    this.#announcer = announcer
    this.signal = signal
    const { promise, reject } = Promise.withResolvers<never>()
    // Nobody may be waiting for it when it rejects.
    promise.catch(() => {})
    this.failed = promise
    this.#fail = reject
  }

  /** One task after the other: batches, answers and ticks never interleave. */
  inTurn<T>(task: () => Promise<T>): Promise<T> {
    const run = this.#tail.then(() => {
      this.signal.throwIfAborted()
      return task()
    })
    this.#tail = run.catch(() => {})
    return run
  }

  /** Resolves when the tasks begun so far have ended, one way or the other. */
  async idle(): Promise<void> {
    await this.#tail
  }

  /** The run as a whole cannot go on. */
  fail(error: unknown): void {
    this.#fail(error)
  }

  moment(): Moment {
    const { clock } = this.#options
    return { now: clock.now(), wall: clock.wall() }
  }

  /** Asks the store until it answers. Where that is of no use the whole run ends. */
  stored<T>(ask: (store: Store) => Promise<T>): Promise<T> {
    const { store, meter } = this.#options
    meter.underWay?.(1)
    return this.#patience
      .until(() => ask(store), this.signal)
      .catch((error: unknown) => {
        this.fail(error)
        throw error
      })
      .finally(() => meter.underWay?.(-1))
  }

  /** One page of a trigger's states, behind the file id `after`. */
  page(
    trigger: string,
    phases: readonly Phase[],
    after: string | null,
    limit = pageSize,
  ): Promise<readonly FileState[]> {
    return this.stored((store) => store.pageFiles(trigger, phases, after, limit))
  }

  /** Loads what a trigger knows of the files concerned: those observed, those in hand, their markers, and the files of markers. */
  async sheet(
    stepper: TriggerStepper,
    observations: readonly Observation[],
    states: readonly FileState[] = [],
  ): Promise<WorkSheet> {
    const { name } = stepper.trigger
    const known = observations.flatMap(({ fileId }) => this.pending.get(name, fileId) ?? [])
    const others = new Set(observations.map(({ fileId }) => fileId))
    for (const { fileId } of known) others.delete(fileId)
    const byId = await this.#notPending(name, others)
    const paths = new Set(observations.flatMap((each) => stepper.relatedPaths(each)))
    for (const state of [...states, ...known, ...byId.values()]) {
      const counterpart = stepper.counterpartOf(state)
      if (counterpart !== null) paths.add(counterpart)
    }
    const byPath = paths.size === 0 ? [] : await this.stored((store) => store.filesByPath(name, [...paths]))
    return new WorkSheet(name, this.pending, { byId, byPath })
  }

  /** What is known of files that are not pending, by id. */
  async #notPending(trigger: string, fileIds: Iterable<string>): Promise<ReadonlyMap<string, FileState>> {
    const found = new Map<string, FileState>()
    const unknown: string[] = []
    for (const fileId of fileIds) {
      const settled = this.#settled.get(trigger, fileId)
      if (settled === undefined) unknown.push(fileId)
      else found.set(fileId, settled)
    }
    if (unknown.length === 0) return found
    const loaded = await this.stored((store) => store.files(trigger, unknown))
    for (const [fileId, state] of loaded) found.set(fileId, state)
    return found
  }

  /** Commits in one piece. Nothing in memory moves on, and nobody is told, before that. */
  async commit(changes: readonly Changes[], cursor?: Cursor, baselines: readonly Baseline[] = []): Promise<void> {
    const steps = changes.flatMap((each) => each.states)
    const states = steps.map(({ state }) => state)
    const forget = changes.flatMap((each) => each.forget)
    const events = changes.flatMap((each) => each.events)
    if (states.length + forget.length + baselines.length === 0 && cursor === undefined) return
    const { watch, epoch, meter } = this.#options
    const commit = { watch, epoch, states, forget, events, baselines, ...(cursor === undefined ? {} : { cursor }) }
    await this.stored((store) => store.commit(commit))
    for (const { state, before } of steps) {
      this.pending.put(state)
      this.#settled.put(state, before)
    }
    for (const { trigger, fileId } of forget) {
      this.pending.drop(trigger, fileId)
      this.#settled.drop(trigger, fileId)
    }
    for (const { trigger } of changes) {
      for (const phase of pendingPhases) meter.pending(trigger, phase, this.pending.count(trigger, phase))
    }
    this.#announcer.committed(changes)
    this.onCommit()
  }
}
