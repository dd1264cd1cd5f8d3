import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { Config } from '../config/config.ts'
import { createSecrets } from '../config/secrets.ts'
import { OneTriggerError, StoreError } from '../core/errors.ts'
import type { PartHealth } from '../core/source.ts'
import type { DeliveryProgress } from '../delivery/dispatcher.ts'
import { startHttp } from '../http/server.ts'
import { type Clock, createSystemClock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { onAbort } from '../lib/on-abort.ts'
import { createMetrics, type Metrics } from '../observability/metrics.ts'
import { packageVersion } from '../observability/package-version.ts'
import type { Progress } from '../pipeline/pipeline.ts'
import type { Store } from '../store/store.ts'
import { type Bridge, createBridge } from './bridge.ts'
import { Closers } from './closers.ts'
import { giveMemoryBack, thriftyEngine } from './memory-thrift.ts'
import { openStore } from './open-store.ts'
import { warnOfStore } from './store-warnings.ts'

export interface ServeDeps {
  readonly log: Log
  /** Reads the configuration again (SIGHUP); rejects with `ConfigError` when it is not in order. Absent: SIGHUP is answered with a word in the log. */
  readonly reload?: () => Promise<Config>
  readonly onProgress?: (progress: Progress) => void
  readonly onDelivery?: (progress: DeliveryProgress) => void
  /** Told where health and metrics are served, once they are. */
  readonly onListening?: (url: string) => void
}

/**
 * Runs OneTrigger as a process: serves health, opens the store, runs the bridge until SIGINT or SIGTERM. The first signal stops taking in and lets
 * deliveries in flight end, the second aborts those too. Resolves with the exit code; rejects with what a person must repair.
 */
export async function serve(config: Config, deps: ServeDeps): Promise<number> {
  const closers = new Closers()
  try {
    const clock = createSystemClock()
    // First of all: a store may be waited for without end, and in a container nothing else would end that.
    const process = closers.add(new ProcessLife(deps.log))
    const running: Running = { store: null, bridge: null }
    const startedAt = clock.wall()
    const health = () => readiness(running, process.stop.signal.aborted, startedAt)
    const metrics = createMetrics({
      store: onceOpen(running),
      clock,
      parts: () => health().parts,
      version: packageVersion(),
    })
    if (config.listen !== null) {
      const server = closers.add(
        await startHttp({ listen: config.listen, health, metrics: () => metrics.text(), log: deps.log }),
      )
      deps.onListening?.(server.url)
      deps.log.info({ url: server.url }, 'health and metrics are served')
    }
    const store = await unlessStopped(openStore(config.store, { clock, log: deps.log }), process.stop.signal)
    if (store === null) return 0
    running.store = closers.add(store)
    if (config.store.type === 'sqlite') warnOfStore(config.store.path, deps.log)
    void giveMemoryBack(thriftyEngine(), clock, process.stop.signal)
    await runBridges(config, { ...deps, clock, store, metrics, process, running })
    deps.log.info({}, 'stopped')
    return 0
  } finally {
    await closers.close()
  }
}

/** What there is so far. */
interface Running {
  store: Store | null
  bridge: Bridge | null
}

/** The store for those who can do without it while it is being opened. */
function onceOpen(running: Running): Pick<Store, 'depth' | 'sizeBytes'> {
  const open = () => {
    if (running.store === null) throw new StoreError('STORE_FAILED', 'The store is not open yet.')
    return running.store
  }
  return { depth: async () => open().depth(), sizeBytes: async () => open().sizeBytes() }
}

/** The store once it is open; null where a stop comes first: then it is closed should it open after all. */
async function unlessStopped(opening: Promise<Store>, stop: AbortSignal): Promise<Store | null> {
  const stopped = Promise.withResolvers<null>()
  const cancel = onAbort(stop, () => stopped.resolve(null))
  try {
    const store = await Promise.race([opening, stopped.promise])
    if (store === null) opening.then((late) => late.close()).catch(() => {})
    return store
  } finally {
    cancel()
  }
}

interface RunDeps extends ServeDeps {
  readonly clock: Clock
  readonly store: Store
  readonly metrics: Metrics
  readonly process: ProcessLife
  readonly running: Running
}

/** One bridge after the other: a reload ends one and starts the next on the same store. */
async function runBridges(first: Config, deps: RunDeps): Promise<void> {
  const build = (config: Config, isReload: boolean) =>
    createBridge(config, {
      store: deps.store,
      clock: deps.clock,
      random: Math.random,
      log: deps.log,
      secret: createSecrets(),
      meters: deps.metrics.meters,
      holder: randomUUID(),
      isReload,
      mayStartThreads: true,
      ...(deps.onProgress === undefined ? {} : { onProgress: deps.onProgress }),
      ...(deps.onDelivery === undefined ? {} : { onDelivery: deps.onDelivery }),
    })
  const rebuild = async () => {
    if (deps.reload === undefined) {
      deps.log.warn({}, 'there is no configuration file to read again')
      return null
    }
    const config = await deps.reload()
    const bridge = build(config, true)
    sayWhatStays(first, config, deps.log)
    return bridge
  }

  const leaving = new Set<Promise<void>>()
  let bridge: Bridge | null = build(first, false)
  try {
    while (bridge !== null && !deps.process.stop.signal.aborted) {
      deps.running.bridge = bridge
      bridge = await runUntilReload(bridge, rebuild, leaving, deps)
      if (bridge === null) break
      deps.metrics.watchesEnded()
      deps.log.info({}, 'the configuration was read again')
    }
  } finally {
    await Promise.all(leaving)
  }
}

/** Runs a bridge until a new configuration is in order, and gives the bridge of that; null when it was told to stop. */
async function runUntilReload(
  bridge: Bridge,
  rebuild: () => Promise<Bridge | null>,
  leaving: Set<Promise<void>>,
  { process, log }: RunDeps,
): Promise<Bridge | null> {
  const [reloading, handedOver] = [new AbortController(), Promise.withResolvers<void>()]
  const stop = AbortSignal.any([process.stop.signal, reloading.signal])
  const running = bridge.run(stop, process.abort.signal, handedOver.resolve)
  // However it ends, `running` itself tells below.
  const ended = running.then(
    () => 'ended' as const,
    () => 'ended' as const,
  )
  let next: Bridge | null = null
  while (next === null && (await Promise.race([ended, process.hungUp()])) !== 'ended') {
    try {
      next = await rebuild()
    } catch (error) {
      const reason = error instanceof OneTriggerError ? error.message : String(error)
      log.error({ reason }, 'the new configuration has problems; the old one stays')
    }
  }
  reloading.abort()
  if (next === null || process.stop.signal.aborted) {
    await running
    return null
  }
  // Attempts under way may take hours: the next bridge does not wait for them.
  await Promise.race([running, handedOver.promise])
  const left: Promise<void> = running
    .catch((error: unknown) =>
      log.error({ err: error }, 'the bridge of the configuration before failed while it ended'),
    )
    .finally(() => leaving.delete(left))
  leaving.add(left)
  return next
}

/** What the process opened when it started is not opened anew. */
function sayWhatStays(first: Config, next: Config, log: Log): void {
  for (const setting of ['store', 'listen', 'log'] as const) {
    if (isDeepStrictEqual(first[setting], next[setting])) continue
    log.warn({ setting }, 'a changed setting takes effect at the next start only')
  }
}

function readiness({ store, bridge }: Running, stopping: boolean, startedAt: number) {
  if (stopping) return { ready: false, parts: { process: part(false, startedAt, 'stopping') } }
  if (store === null)
    return { ready: false, parts: { store: part(false, startedAt, 'is being opened; the log says what it waits for') } }
  return bridge?.health() ?? { ready: false, parts: { process: part(false, startedAt, 'starting') } }
}

function part(ok: boolean, since: number, detail: string): PartHealth {
  return { ok, since, detail }
}

/** The signals of the operating system: two abort signals, and a promise for the next SIGHUP. */
class ProcessLife {
  readonly stop = new AbortController()
  readonly abort = new AbortController()
  readonly #log: Log
  #hungUp = Promise.withResolvers<void>()

  constructor(log: Log) {
    this.#log = log
    process.on('SIGINT', this.#end)
    process.on('SIGTERM', this.#end)
    process.on('SIGHUP', this.#hangUp)
  }

  close(): void {
    process.off('SIGINT', this.#end)
    process.off('SIGTERM', this.#end)
    process.off('SIGHUP', this.#hangUp)
  }

  /** Resolves at a SIGHUP, at once where one came since it last resolved: none is lost while another is being obeyed. */
  async hungUp(): Promise<'hungUp'> {
    await this.#hungUp.promise
    this.#hungUp = Promise.withResolvers()
    return 'hungUp'
  }

  readonly #end = () => {
    if (this.abort.signal.aborted) process.exit(1)
    if (this.stop.signal.aborted) {
      this.#log.warn({}, 'second signal: breaking off deliveries in flight')
      return this.abort.abort()
    }
    this.#log.info({}, 'stopping: deliveries in flight may end; a second signal breaks them off')
    this.stop.abort()
  }

  readonly #hangUp = () => this.#hungUp.resolve()
}
