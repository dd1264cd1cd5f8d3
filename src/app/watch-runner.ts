import { isBeyondWaiting, OneTriggerError, StoreError } from '../core/errors.ts'
import type { PartHealth, Source, SpaceWatch } from '../core/source.ts'
import type { Trigger } from '../core/trigger.ts'
import { type Clock, sleep } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { PipelineMeter } from '../pipeline/meter.ts'
import { pendingPhases } from '../pipeline/pending-files.ts'
import { createPipeline, type Pipeline, type Progress } from '../pipeline/pipeline.ts'
import { type Store, type WatchKey, watchLease } from '../store/store.ts'

/** A holder that dies is replaced after `ttlMs`, give or take `renewMs`. */
interface LeaseTimes {
  readonly ttlMs: number
  readonly renewMs: number
}
const sharedLease: LeaseTimes = { ttlMs: 6_000, renewMs: 1_500 }
/** Where nobody waits for it, a lease costs as little as may be. */
const ownLease: LeaseTimes = { ttlMs: 30_000, renewMs: 10_000 }
const longestBackOffMs = 60_000

/** One (source, space) with the triggers on it. */
export interface WatchRunnerOptions {
  readonly sourceName: string
  readonly source: Source
  /** As configured: name, id or `Name@id`. */
  readonly space: string
  readonly triggers: readonly Trigger[]
  readonly store: Store
  /** Names this bridge among others on the same store. */
  readonly holder: string
  /** Whether a wrong token or space ends it where nothing ever worked; else it is waited out. */
  readonly mayGiveUp: boolean
  /** New names of triggers with their old ones: whose state they take over, once no other process can write under the old name. */
  readonly renamedFrom?: ReadonlyMap<string, string>
  readonly clock: Clock
  readonly log: Log
  readonly meter: PipelineMeter
  readonly onOwed: (targets: readonly string[]) => void
  readonly onProgress?: (progress: Progress) => void
  /** Told once the space is found; throws when another runner has the same one under another spelling. */
  readonly onSpace: (spaceId: string) => void
}

/** Nothing good comes of going on: a person has to look. */
const alwaysFinal: ReadonlySet<string> = new Set(['INVARIANT', 'STORE_CORRUPT', 'STORE_NEWER_SCHEMA'])

/** The configuration names what is not there. */
const wrongConfiguration: ReadonlySet<string> = new Set(['CONFIG_INVALID', 'CONFIG_NOT_FOUND'])

/** Problems that will not go away by waiting: they end the process, but only at the very first start. */
const finalAtFirstStart: ReadonlySet<string> = new Set([
  'SOURCE_UNAUTHORIZED',
  'SOURCE_SPACE_UNKNOWN',
  'SOURCE_FORBIDDEN',
])

/** Keeps one space watched: finds it, takes its lease, runs source and pipeline side by side, and starts over when either fails. */
export class WatchRunner {
  readonly #options: WatchRunnerOptions
  readonly #lease: LeaseTimes
  #health: PartHealth
  /** When this process first tried. */
  readonly #since: number
  #watch: SpaceWatch | null = null
  #pipeline: Pipeline | null = null

  constructor(options: WatchRunnerOptions) {
    this.#options = options
    this.#since = options.clock.now()
    this.#lease = options.store.isShared ? sharedLease : ownLease
    this.#health = { ok: false, since: options.clock.wall(), detail: 'starting' }
  }

  /** The word of whichever half is not well while it watches; else what this runner is doing about it. */
  health(): PartHealth {
    const takingIn = this.#pipeline?.health()
    if (takingIn?.ok === false) return takingIn
    return this.#watch?.health() ?? this.#health
  }

  /** Runs until the signal aborts. Rejects only for what a person must repair before the very first start, or for a defect. */
  async run(signal: AbortSignal): Promise<void> {
    let failures = 0
    while (!signal.aborted) {
      const began = this.#options.clock.now()
      try {
        await this.#noteFirstTries()
        await this.#watchOnce(signal)
      } catch (error) {
        if (signal.aborted) return
        if (await this.#isFinal(error)) throw error
        failures = this.#options.clock.now() - began > longestBackOffMs ? 1 : failures + 1
        this.#unwell(error)
      } finally {
        this.#watch = null
        this.#pipeline = null
      }
      const backOffMs = Math.min(1_000 * 2 ** Math.max(failures - 1, 0), longestBackOffMs)
      await sleep(this.#options.clock, backOffMs, signal).catch(() => {})
    }
  }

  /** Waiting helps against outages; not against defects or a damaged database, nor, where nothing ever worked, against a wrong token or space. */
  async #isFinal(error: unknown): Promise<boolean> {
    if (!(error instanceof OneTriggerError) || alwaysFinal.has(error.code)) return true
    if (!this.#options.mayGiveUp) return false
    return wrongConfiguration.has(error.code) || (finalAtFirstStart.has(error.code) && !(await this.#hasState()))
  }

  /** Before anything can fail: what comes from now on fires, whichever process gets to see it. */
  async #noteFirstTries(): Promise<void> {
    const { triggers, store } = this.#options
    await store.noteFirstTries(
      triggers.map(({ name }) => name),
      this.#since,
    )
  }

  async #watchOnce(signal: AbortSignal): Promise<void> {
    const { source, space, sourceName, store, onSpace } = this.#options
    const watch = await source.openSpace(space, signal)
    onSpace(watch.space.id)
    const key: WatchKey = { source: sourceName, spaceId: watch.space.id }
    const epoch = await this.#takeLease(key, signal)
    try {
      if (store.isShared) await this.#takeOverNames()
      const cursor = await store.cursor(key)
      await this.#runBoth(watch, key, epoch, cursor, signal)
    } finally {
      await this.#giveBackLease(key)
    }
  }

  /** Only a first try is noted under a new name until then. */
  async #takeOverNames(): Promise<void> {
    const { renamedFrom, triggers, store, log } = this.#options
    const renames = triggers.flatMap(({ name }) => [[name, renamedFrom?.get(name)] as const])
    if (renames.every(([, before]) => before === undefined)) return
    const stored = new Set(await store.triggers())
    for (const [trigger, before] of renames) {
      if (before === undefined || !stored.has(before) || (await store.baseline(trigger)) !== null) continue
      await store.renameTrigger(before, trigger)
      log.info({ trigger, before }, 'the trigger took over the state of its old name')
    }
  }

  async #runBoth(
    watch: SpaceWatch,
    key: WatchKey,
    epoch: number,
    cursor: Awaited<ReturnType<Store['cursor']>>,
    signal: AbortSignal,
  ): Promise<void> {
    const { triggers, store, clock, log, meter, sourceName, onOwed, onProgress } = this.#options
    const pipeline = createPipeline({
      watch: key,
      epoch,
      sourceName,
      space: watch.space,
      providers: watch.providers,
      readable: async (readSignal) => watch.readable?.(readSignal),
      read: (requests, readSignal) => watch.read(requests, readSignal),
      triggers,
      since: this.#since,
      store,
      clock,
      meter,
      log: log.child({ source: sourceName, space: watch.space.name }),
      onOwed,
      ...(onProgress === undefined ? {} : { onProgress }),
    })
    const stop = new AbortController()
    const both = AbortSignal.any([signal, stop.signal])
    this.#watch = watch
    this.#pipeline = pipeline
    const parts = [
      pipeline.run(both),
      watch.run({ cursor, needs: pipeline.needs, sink: pipeline.sink }, both),
      this.#keepLease(key, epoch, both),
    ]
    try {
      await Promise.all(parts)
    } finally {
      stop.abort(new Error('the other half of the watch ended'))
      await Promise.allSettled(parts)
    }
  }

  async #takeLease(key: WatchKey, signal: AbortSignal): Promise<number> {
    const { store, holder, clock, log, sourceName, space } = this.#options
    const about = { source: sourceName, space }
    for (let tries = 1; ; tries++) {
      const lease = await store.lease(watchLease(key), holder, this.#lease.ttlMs)
      if (lease !== null) {
        if (store.isShared) log.info({ ...about, epoch: lease.epoch }, 'this process watches the space now')
        return lease.epoch
      }
      if (tries === 1) log.info(about, 'another process watches the space; standing by')
      this.#health = { ok: true, since: this.#health.since, detail: 'standing by: another process watches this space' }
      await sleep(clock, this.#lease.renewMs, signal)
    }
  }

  /** Renews the lease; ends (rejecting) when it is lost. A store that fails meanwhile is waited for: it refuses late writes by the epoch. */
  async #keepLease(key: WatchKey, epoch: number, signal: AbortSignal): Promise<void> {
    const { store, holder, clock, log } = this.#options
    while (!signal.aborted) {
      await sleep(clock, this.#lease.renewMs, signal).catch(() => {})
      if (signal.aborted) return
      const lease = await store.lease(watchLease(key), holder, this.#lease.ttlMs).catch((error: unknown) => {
        if (isBeyondWaiting(error)) throw error
        log.warn({ err: error }, 'the lease of the watch could not be renewed')
        return { epoch }
      })
      if (lease === null || lease.epoch !== epoch)
        throw new StoreError('STORE_FENCED', 'Another process has taken over this watch.')
    }
  }

  /** Nothing hangs on it: a lease that cannot be given back runs out. */
  async #giveBackLease(key: WatchKey): Promise<void> {
    const { store, holder, log } = this.#options
    await store.releaseLease(watchLease(key), holder).catch((error: unknown) => {
      log.debug({ err: error }, 'the lease of the watch could not be given back')
    })
  }

  async #hasState(): Promise<boolean> {
    for (const trigger of this.#options.triggers) {
      if ((await this.#options.store.baseline(trigger.name)) !== null) return true
    }
    return false
  }

  /** They are another's to tell of. */
  #tellOfNoPending(): void {
    const { triggers, meter } = this.#options
    for (const { name } of triggers) for (const phase of pendingPhases) meter.pending(name, phase, 0)
  }

  #unwell(error: unknown): void {
    if (!(error instanceof OneTriggerError)) return
    if (error.code === 'STORE_FENCED') this.#tellOfNoPending()
    const same = !this.#health.ok && this.#health.detail === error.message
    this.#health = { ok: false, since: same ? this.#health.since : this.#options.clock.wall(), detail: error.message }
    this.#options.log.warn(
      { source: this.#options.sourceName, space: this.#options.space, code: error.code, reason: error.message },
      'the space cannot be watched now; trying again',
    )
  }
}
