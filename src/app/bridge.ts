import type { Config } from '../config/config.ts'
import { environmentProxy } from '../config/env.ts'
import { ConfigError, isBeyondWaiting, StoreError } from '../core/errors.ts'
import type { PartHealth, Source } from '../core/source.ts'
import { longestAttemptMs } from '../core/target.ts'
import { createDispatcher, type DeliveryProgress, type Dispatcher } from '../delivery/dispatcher.ts'
import type { DeliveryMeter } from '../delivery/meter.ts'
import { Notices } from '../delivery/notices.ts'
import { type Clock, sleep } from '../lib/clock.ts'
import type { SecretRef } from '../lib/fields.ts'
import type { Log } from '../lib/log.ts'
import { onAbort } from '../lib/on-abort.ts'
import type { Random } from '../lib/random.ts'
import type { SecretSource } from '../lib/secret.ts'
import { endsWithin } from '../lib/within.ts'
import type { PipelineMeter } from '../pipeline/meter.ts'
import type { Progress } from '../pipeline/pipeline.ts'
import type { SourceMeter } from '../sources/define.ts'
import * as sources from '../sources/registry.ts'
import type { Store } from '../store/store.ts'
import { buildTargets } from './build-targets.ts'
import { Closers } from './closers.ts'
import { FailureCounter } from './failure-counter.ts'
import { tellingOfGaps } from './gap-notices.ts'
import { WatchRunner } from './watch-runner.ts'

/** Everything the bridge needs that is not configuration. */
export interface BridgeDeps {
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly secret: (ref: SecretRef) => SecretSource
  readonly meters: {
    readonly source: (name: string) => SourceMeter
    readonly pipeline: PipelineMeter
    readonly delivery: DeliveryMeter
  }
  /** Names this bridge among others on the same store: what one still writes that was left at a reload is refused once the next one watches. */
  readonly holder: string
  /** It follows another bridge: a wrong token or space is then waited out, for the process is at work. */
  readonly isReload: boolean
  /** See `SourceDeps.warm`. */
  readonly warm?: object
  /** Whether it looks after what the store holds of other names first: not needed by a process that did so a minute ago. */
  readonly adoptsState?: boolean
  /** It ends as soon as nothing happens any more: jobs are looked at once, at its beginning. */
  readonly isShortRun?: boolean
  /** Whether it lives long enough for a thread that makes requests while they are many. */
  readonly mayStartThreads?: boolean
  readonly onProgress?: (progress: Progress) => void
  readonly onDelivery?: (progress: DeliveryProgress) => void
}

/** Sources, pipelines and deliveries of one configuration on one store. */
export interface Bridge {
  /**
   * Runs until `stop` aborts, then lets deliveries in flight end; `abort` breaks those off too. Rejects for what a person must repair before the
   * very first start (`SOURCE_UNAUTHORIZED`, `SOURCE_SPACE_UNKNOWN`), for `exitAfterFailures`, and for defects. `onHandOver` is called once all that is
   * left of it are attempts under way: another bridge may take over.
   */
  run(stop: AbortSignal, abort: AbortSignal, onHandOver?: () => void): Promise<void>
  health(): { readonly ready: boolean; readonly parts: Readonly<Record<string, PartHealth>> }
}

/** What a watch leaves behind is in the store: nothing is lost by leaving it. */
const watchEndMs = 10_000
/** Attempts under way may end by their own time-outs and be written down, and have a minute at the least; what is left is left. */
const shortestDrainMs = 60_000
const afterTimeoutMs = 10_000
const closeMs = 5_000
const pruneEveryMs = 3_600_000
/** After a store that does not answer. */
const storeRetryMs = 1_000
/** Delivered deliveries and deleted files are kept this long for questions. */
const keepMs = 30 * 86_400_000

export function createBridge(config: Config, deps: BridgeDeps): Bridge {
  const failures = new FailureCounter(config.exitAfterFailures)
  const closers = new Closers()
  const notices = new Notices(config.notices)
  const sourcesByName = new Map<string, Source>()
  const targets = buildTargets(config, deps, sourcesByName, closers)
  const drainMs = Math.max(shortestDrainMs, ...targets.values().map((each) => longestAttemptMs(each) + afterTimeoutMs))
  const dispatcher = createDispatcher({
    notices,
    store: deps.store,
    targets,
    clock: deps.clock,
    random: deps.random,
    meter: deps.meters.delivery,
    log: deps.log,
    isShortRun: deps.isShortRun === true,
    isReload: deps.isReload,
    ...(deps.onDelivery === undefined ? {} : { onProgress: deps.onDelivery }),
  })
  const runners = buildRunners(config, deps, dispatcher, notices, sourcesByName, failures, closers)

  return {
    run: async (stop, abort, onHandOver = () => {}) => {
      if (deps.adoptsState !== false) await untilStored(() => adoptState(config, deps), deps, stop)
      const stopAll = new AbortController()
      const stopping = AbortSignal.any([stop, stopAll.signal])
      const delivering = dispatcher.run(stopping, abort)
      const watching = [...runners.values()].map((runner) => runner.run(stopping))
      const upkeep = Promise.all([prunePeriodically(deps, stopping), heedOthers(config, deps, dispatcher, stopping)])
      const everything = Promise.all([...watching, delivering, upkeep])
      try {
        await Promise.race([everything, failures.exceeded, aborted(stop)])
      } finally {
        stopAll.abort()
        await endWithin(watchEndMs, 'a watch did not end in time; leaving it', [...watching, upkeep], deps)
        onHandOver()
        await endWithin(drainMs, 'deliveries did not end in time; they stay owed', [delivering], deps)
        await endWithin(closeMs, 'connections did not close in time; leaving them', [closers.close()], deps)
      }
      // What failed while it ended fails the run; what has not ended by now is left.
      await Promise.race([everything, Promise.resolve()])
    },
    health: () => {
      const watches = [...runners].map(([name, runner]) => [`watch ${name}`, runner.health()] as const)
      const deliveries = [...config.targets.keys()].map((name) => [`target ${name}`, dispatcher.health(name)] as const)
      return { ready: watches.every(([, part]) => part.ok), parts: Object.fromEntries([...watches, ...deliveries]) }
    },
  }
}

function buildRunners(
  config: Config,
  deps: BridgeDeps,
  dispatcher: Dispatcher,
  notices: Notices,
  sourcesByName: Map<string, Source>,
  failures: FailureCounter,
  closers: Closers,
): Map<string, WatchRunner> {
  const runners = new Map<string, WatchRunner>()
  for (const [name, adapter] of config.sources) {
    const triggers = config.triggers.filter((trigger) => trigger.source === name)
    if (triggers.length === 0) continue
    const definition = Object.values(sources).find((each) => each.type === adapter.type)
    if (definition === undefined)
      throw new ConfigError('CONFIG_INVALID', `Source "${name}": there is no type "${adapter.type}".`)
    const source = closers.add(
      definition.build(adapter.options, {
        name,
        clock: deps.clock,
        random: deps.random,
        log: deps.log.child({ source: name }),
        meter: tellingOfGaps(name, failures.watching(name, deps.meters.source(name)), {
          ...deps,
          notices,
          onOwed: (names) => dispatcher.wake(names),
        }),
        secret: deps.secret,
        proxyFor: environmentProxy,
        ...(deps.warm === undefined ? {} : { warm: deps.warm }),
      }),
    )
    sourcesByName.set(name, source)
    const spaceIds = new Map<string, string>()
    for (const [space, group] of Map.groupBy(triggers, (trigger) => trigger.space)) {
      const runner = new WatchRunner({
        sourceName: name,
        source,
        space,
        triggers: group,
        store: deps.store,
        holder: deps.holder,
        mayGiveUp: !deps.isReload,
        renamedFrom: config.renamedFrom,
        clock: deps.clock,
        log: deps.log,
        meter: deps.meters.pipeline,
        onOwed: (names) => dispatcher.wake(names),
        onSpace: (id) => claimSpace(spaceIds, id, space),
        ...(deps.onProgress === undefined ? {} : { onProgress: deps.onProgress }),
      })
      runners.set(`${name}/${space}`, runner)
    }
  }
  return runners
}

/** Two spellings of one space would be two watches with one lease between them. */
function claimSpace(spaceIds: Map<string, string>, id: string, spelling: string): void {
  const other = spaceIds.get(id)
  if (other !== undefined && other !== spelling) {
    throw new ConfigError(
      'CONFIG_INVALID',
      `"${other}" and "${spelling}" are the same space; write it the same way in all triggers.`,
    )
  }
  spaceIds.set(id, spelling)
}

/** Gives renamed triggers their state, and says what is in the store that no configuration names. */
async function adoptState(config: Config, { store, log }: BridgeDeps): Promise<void> {
  const stored = new Set(await store.triggers())
  // Another process may still watch by the old name: there it waits for the lease of the watch.
  if (store.isShared) for (const before of config.renamedFrom.values()) stored.delete(before)
  for (const [name, before] of config.renamedFrom) {
    if (!stored.has(before) || stored.has(name)) continue
    await store.renameTrigger(before, name)
    stored.delete(before)
    log.info({ trigger: name, before }, 'the trigger took over the state of its old name')
  }
  const named = new Set(config.triggers.map((trigger) => trigger.name))
  for (const trigger of stored) {
    if (!named.has(trigger)) log.warn({ trigger }, 'the store holds state of a trigger that no configuration names')
  }
  for (const { target, owed } of await store.depth()) {
    if (owed > 0 && !config.targets.has(target))
      log.warn({ target, owed }, 'deliveries are owed to a target that no configuration names')
  }
}

/** A store that fails is told of at the start; a process that is at work waits for it. */
async function untilStored(
  work: () => Promise<void>,
  { isReload, clock, log }: BridgeDeps,
  stop: AbortSignal,
): Promise<void> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!isReload || !(error instanceof StoreError) || isBeyondWaiting(error)) throw error
      log.warn({ code: error.code, reason: error.message }, 'the store fails; trying again')
      await sleep(clock, storeRetryMs, stop).catch(() => {})
      if (stop.aborted) return
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else onAbort(signal, resolve)
  })
}

/** Waits until all have ended, however, but not for ever: a stop is always over some day. */
async function endWithin(
  ms: number,
  warning: string,
  parts: readonly Promise<unknown>[],
  { clock, log }: BridgeDeps,
): Promise<void> {
  if (!(await endsWithin(clock, ms, Promise.allSettled(parts)))) log.warn({ afterMs: ms }, warning)
}

/** Another process or an operator's command has written: something may be owed that was not. */
async function heedOthers(
  { targets: configured }: Config,
  { store, clock, log }: BridgeDeps,
  dispatcher: Dispatcher,
  signal: AbortSignal,
): Promise<void> {
  let known = 0
  while (!signal.aborted) {
    try {
      const seen = await store.writesByOthers(known, signal)
      if (seen !== known) dispatcher.wake([...configured.keys()])
      known = seen
    } catch (error) {
      log.debug({ err: error }, 'whether others have written could not be seen')
      await sleep(clock, storeRetryMs, signal).catch(() => {})
    }
  }
}

async function prunePeriodically({ store, clock, log }: BridgeDeps, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sleep(clock, pruneEveryMs, signal).catch(() => {})
    if (signal.aborted) return
    const before = clock.now() - keepMs
    await store
      .prune({ delivered: before, gone: before })
      .catch((error: unknown) => log.warn({ err: error }, 'old rows could not be deleted'))
  }
}
