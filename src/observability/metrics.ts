import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { DeliveryMeter } from '../delivery/meter.ts'
import type { Clock } from '../lib/clock.ts'
import { endsWithin } from '../lib/within.ts'
import type { PipelineMeter } from '../pipeline/meter.ts'
import type { SourceMeter } from '../sources/define.ts'
import type { Store } from '../store/store.ts'
import { metricDeclarations as declared, type MetricDeclaration } from './declarations.ts'

/** What metrics are taken of. */
export interface MetricsOptions {
  /** Asked for the outbox and its size when somebody reads the metrics. */
  readonly store: Pick<Store, 'depth' | 'sizeBytes'>
  readonly clock: Clock
  /** Whether each part of `/readyz` works, asked for when somebody reads the metrics. */
  readonly parts: () => Readonly<Record<string, { readonly ok: boolean }>>
  /** Version of this program, for `onetrigger_build_info`. */
  readonly version: string
}

/** The metrics of one running OneTrigger, and where its parts count. */
export interface Metrics {
  readonly meters: {
    /** Counts for the source of this name. */
    readonly source: (name: string) => SourceMeter
    readonly pipeline: PipelineMeter
    readonly delivery: DeliveryMeter
  }
  /**
   * Everything in the Prometheus text format, with `process_…` and `nodejs_…` (event-loop delay). What only the store knows is asked for at most
   * every five seconds; while it fails, or takes longer than three, its metrics are absent.
   */
  text(): Promise<string>
  /** All watches have ended: what those that follow have pending they tell anew. */
  watchesEnded(): void
}

/** From a receiver next door to one that takes its whole time-out. Seconds. */
const durationBuckets = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
const sampleEveryMs = 5_000
/** Whoever reads metrics waits ten seconds by default, and then takes the process for dead. */
const samplePatienceMs = 3_000
/** Every look at the event loop wakes an idle process: at the library's 10 ms that is most of what idling costs. */
const eventLoopLookMs = 100
/** More values of a label than any right use has: what comes later is counted as `other`. */
const mostLabelValues = 64

/** Makes the metrics of `declarations.ts` in a registry of their own. */
export function createMetrics({ store, clock, parts, version }: MetricsOptions): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: eventLoopLookMs })
  gauge(registry, declared.buildInfo).set({ version, node: process.versions.node }, 1)
  const partOk = gauge(registry, declared.partOk)
  const sampleStore = createStoreSampler(registry, store, clock)
  const pending = gauge(registry, declared.pending)

  return {
    meters: {
      source: createSourceMeters(registry),
      pipeline: createPipelineMeter(registry, pending),
      delivery: createDeliveryMeter(registry),
    },
    text: async () => {
      await sampleStore()
      // Parts that a reload took away are gone.
      partOk.reset()
      for (const [part, { ok }] of Object.entries(parts())) partOk.set({ part }, ok ? 1 : 0)
      return registry.metrics()
    },
    watchesEnded: () => pending.reset(),
  }
}

function createSourceMeters(registry: Registry): (name: string) => SourceMeter {
  const requests = counter(registry, declared.providerRequests)
  const reconnects = counter(registry, declared.reconnects)
  const streamOpen = gauge(registry, declared.streamOpen)
  const gaps = counter(registry, declared.gaps)
  const [route, reason] = [boundLabel(), boundLabel()]
  return (source) => ({
    call: (template, status) => requests.inc({ source, route: route(template), status: String(status) }),
    reconnect: (via) => reconnects.inc({ source, via }),
    streamOpen: (via, open) => streamOpen.inc({ source, via }, open ? 1 : -1),
    gap: (why) => gaps.inc({ source, reason: reason(why) }),
  })
}

function createPipelineMeter(registry: Registry, pending: Gauge<'trigger' | 'phase'>): PipelineMeter {
  const observations = counter(registry, declared.observations)
  const fired = counter(registry, declared.fired)
  const premature = counter(registry, declared.premature)
  const stalled = counter(registry, declared.stalled)
  return {
    observed: (source, by, count) => observations.inc({ source, by }, count),
    pending: (trigger, phase, count) => pending.set({ trigger, phase }, count),
    fired: (trigger, rung) => fired.inc({ trigger, rung }),
    premature: (trigger) => premature.inc({ trigger }),
    stalled: (trigger) => stalled.inc({ trigger }),
  }
}

function createDeliveryMeter(registry: Registry): DeliveryMeter {
  const attempts = counter(registry, declared.deliveries)
  const seconds = histogram(registry, declared.deliverySeconds)
  const givenUp = counter(registry, declared.givenUp)
  const jobs = counter(registry, declared.jobs)
  const inFlight = gauge(registry, declared.inFlight)
  return {
    attempted: (target, outcome, durationMs) => {
      attempts.inc({ target, outcome })
      seconds.observe({ target }, durationMs / 1_000)
    },
    dead: (target) => givenUp.inc({ target }),
    jobEnded: (target, state) => jobs.inc({ target, state }),
    inFlight: (target, more) => inFlight.inc({ target }, more),
  }
}

/** What only the store knows, asked for when somebody looks; several who look at once share one answer. */
function createStoreSampler(registry: Registry, store: MetricsOptions['store'], clock: Clock): () => Promise<void> {
  const outbox = gauge(registry, declared.outbox)
  const oldest = gauge(registry, declared.outboxOldest)
  const deadLetters = gauge(registry, declared.deadLetters)
  const size = gauge(registry, declared.storeSize)
  const ask = () => Promise.all([store.depth(), store.sizeBytes()]).catch(() => null)
  /** The question that has no answer yet: a store that hangs is not asked again and again. */
  let asked: ReturnType<typeof ask> | null = null
  const sample = async () => {
    asked ??= ask().finally(() => {
      asked = null
    })
    const asking = asked
    const answer = (await endsWithin(clock, samplePatienceMs, asking)) ? await asking : null
    // Old numbers would hide that the store is in trouble, so they go; /readyz says why.
    for (const metric of [outbox, oldest, deadLetters, size]) metric.reset()
    if (answer === null) return size.remove()
    const [depths, bytes] = answer
    size.set(bytes)
    for (const { target, owed, dead, oldestOwedAt } of depths) {
      outbox.set({ target }, owed)
      deadLetters.set({ target }, dead)
      oldest.set({ target }, oldestOwedAt === null ? 0 : Math.max(0, clock.now() - oldestOwedAt) / 1_000)
    }
  }
  let sampledAt = Number.NEGATIVE_INFINITY
  let running: Promise<void> = Promise.resolve()
  return () => {
    if (clock.now() - sampledAt >= sampleEveryMs) {
      sampledAt = clock.now()
      running = sample()
    }
    return running
  }
}

function counter<D extends MetricDeclaration>(
  registry: Registry,
  { name, help, labels }: D,
): Counter<D['labels'][number]> {
  return new Counter<D['labels'][number]>({ name, help, labelNames: labels, registers: [registry] })
}

function gauge<D extends MetricDeclaration>(registry: Registry, { name, help, labels }: D): Gauge<D['labels'][number]> {
  return new Gauge<D['labels'][number]>({ name, help, labelNames: labels, registers: [registry] })
}

function histogram<D extends MetricDeclaration>(
  registry: Registry,
  { name, help, labels }: D,
): Histogram<D['labels'][number]> {
  return new Histogram<D['labels'][number]>({
    name,
    help,
    labelNames: labels,
    buckets: durationBuckets,
    registers: [registry],
  })
}

/** Keeps a label from growing without end, whatever is put into it. */
function boundLabel(): (value: string) => string {
  const seen = new Set<string>()
  return (value) => {
    if (seen.size < mostLabelValues) seen.add(value)
    return seen.has(value) ? value : 'other'
  }
}
