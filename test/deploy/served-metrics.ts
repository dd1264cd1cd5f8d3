import type { JobState, Outcome } from '../../src/core/delivery.ts'
import type { Rung } from '../../src/core/event.ts'
import type { ObservedBy } from '../../src/core/observation.ts'
import { startHttp } from '../../src/http/server.ts'
import { silentLog } from '../../src/lib/log.ts'
import { createMetrics, type Metrics } from '../../src/observability/metrics.ts'
import { pendingPhases } from '../../src/pipeline/pending-files.ts'
import { readFiles } from '../architecture/repository.ts'
import { FakeClock } from '../support/fake-clock.ts'

/** The labels of each sample of each metric that `/metrics` gives. */
export type Served = ReadonlyMap<string, readonly Readonly<Record<string, string>>[]>

/** Every value of the labels that come from short fixed lists; the compiler sees when one is no value any more. */
const vias = ['events', 'changes', 'poll'] as const
const ways: readonly ObservedBy[] = ['events', 'changes', 'scan', 'read']
const rungs: readonly Rung[] = ['marker', 'xattr', 'declared', 'rename', 'quiet', 'empty', 'stalled', 'baseline']
const outcomes: readonly Outcome['kind'][] = ['delivered', 'retry', 'rejected', 'unavailable']
const endStates: readonly JobState[] = ['succeeded', 'failed', 'unknown']
const statuses = [200, 400, 401, 403, 404, 429, 500, 503, 'error'] as const

/** Routes of the listings of a folder, as the source has them. */
export function listingRoutes(): readonly string[] {
  const source = [...readFiles(['src/sources/onedata/listing-pages.ts'], ['.ts']).values()].join('')
  return [...source.matchAll(/askFor\('([^']+)'/g)].map((match) => match[1] ?? '')
}

/** Reads `/metrics` over HTTP, after everything that is counted has happened once. */
export async function servedMetrics(): Promise<Served> {
  const store = {
    depth: async () => [{ target: 'hook', owed: 1, dead: 1, oldestOwedAt: 0 }],
    sizeBytes: async () => 4096,
  }
  const metrics = createMetrics({
    store,
    clock: new FakeClock(),
    parts: () => ({ 'target hook': { ok: true } }),
    version: '2.0.0',
  })
  exercise(metrics.meters)
  const server = await startHttp({
    listen: { host: '127.0.0.1', port: 0 },
    health: () => ({ ready: true, parts: {} }),
    metrics: () => metrics.text(),
    log: silentLog,
  })
  try {
    return samplesOf(await (await fetch(`${server.url}/metrics`)).text())
  } finally {
    await server.close()
  }
}

/** Samples of the Prometheus text format. */
export function samplesOf(text: string): Served {
  const samples = new Map<string, Readonly<Record<string, string>>[]>()
  for (const line of text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))) {
    const [name = ''] = /^[\w:]+/.exec(line) ?? []
    const labels = [...line.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label = '', value = '']) => [label, value])
    samples.set(name, [...(samples.get(name) ?? []), Object.fromEntries(labels)])
  }
  return samples
}

function exercise({ source, pipeline, delivery }: Metrics['meters']): void {
  const meter = source('datahub')
  for (const route of listingRoutes()) for (const status of statuses) meter.call(route, status)
  for (const via of vias) meter.streamOpen(via, true)
  for (const via of ['events', 'changes'] as const) meter.reconnect(via)
  meter.gap('an event without id')
  for (const way of ways) pipeline.observed('datahub', way, 1)
  for (const phase of pendingPhases) pipeline.pending('videos', phase, 1)
  for (const rung of rungs) pipeline.fired('videos', rung)
  pipeline.premature('videos')
  pipeline.stalled('videos')
  for (const outcome of outcomes) delivery.attempted('hook', outcome, 1)
  for (const state of endStates) delivery.jobEnded('hook', state)
  delivery.inFlight('hook', 1)
  delivery.dead('hook')
}
