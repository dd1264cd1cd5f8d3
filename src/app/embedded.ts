import { randomUUID } from 'node:crypto'
import type { Config } from '../config/config.ts'
import type { DeliveryProgress } from '../delivery/dispatcher.ts'
import { startHttp } from '../http/server.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Random } from '../lib/random.ts'
import type { SecretSource } from '../lib/secret.ts'
import { createMetrics } from '../observability/metrics.ts'
import { packageVersion } from '../observability/package-version.ts'
import type { Progress } from '../pipeline/pipeline.ts'
import { createBridge } from './bridge.ts'
import { Closers } from './closers.ts'
import { openStore } from './open-store.ts'

export type { DeliveryProgress, Progress }

export interface EmbeddedDeps {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** The one secret that the configuration may name. */
  readonly secret: SecretSource
  readonly onProgress: (progress: Progress) => void
  readonly onDelivery: (progress: DeliveryProgress) => void
}

/** A OneTrigger inside another program. */
export interface Embedded {
  /** Where health and metrics are; null = nowhere. */
  readonly url: string | null
  /** Whether everything is watched. */
  ready(): boolean
  /** Ends it; rejects with the failure that had ended it before, if one had. */
  close(): Promise<void>
}

/** Runs a configuration without signals or exit codes, until it is closed. */
export async function startEmbedded(config: Config, deps: EmbeddedDeps): Promise<Embedded> {
  const closers = new Closers()
  const { clock, log } = deps
  const store = closers.add(await openStore(config.store, { clock, log }))
  const metrics = createMetrics({ store, clock, parts: () => bridge.health().parts, version: packageVersion() })
  const { onProgress, onDelivery } = deps
  const watchers = { onProgress, onDelivery, meters: metrics.meters }
  const bridge = createBridge(config, {
    store,
    clock,
    log,
    random: deps.random,
    secret: () => deps.secret,
    holder: randomUUID(),
    isReload: false,
    mayStartThreads: true,
    ...watchers,
  })
  const stop = new AbortController()
  const running = bridge.run(stop.signal, new AbortController().signal)
  // Told by `close`.
  running.catch(() => {})
  closers.add({
    close: async () => {
      stop.abort()
      await running
    },
  })
  const health = () => bridge.health()
  const http = { health, metrics: () => metrics.text(), log }
  const server = config.listen === null ? null : closers.add(await startHttp({ listen: config.listen, ...http }))
  return { url: server?.url ?? null, ready: () => health().ready, close: () => closers.close() }
}
