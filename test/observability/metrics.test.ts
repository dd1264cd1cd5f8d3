import { describe, expect, it } from 'vitest'
import { metricDeclarations } from '../../src/observability/declarations.ts'
import { createMetrics, type MetricsOptions } from '../../src/observability/metrics.ts'
import type { OutboxDepth } from '../../src/store/store.ts'
import { FakeClock } from '../support/fake-clock.ts'

const clock = new FakeClock()

function metricsOf(store: Partial<MetricsOptions['store']> = {}, parts: MetricsOptions['parts'] = () => ({})) {
  return createMetrics({
    store: { depth: async () => [], sizeBytes: async () => 0, ...store },
    clock,
    parts,
    version: '2.0.0',
  })
}

/** Lines of our own metrics with a value, without comments. */
function samples(text: string): readonly string[] {
  return text.split('\n').filter((line) => line.startsWith('onetrigger_'))
}

describe('declared metrics', () => {
  it('are all served, with their help, and nothing else of ours is', async () => {
    const text = await metricsOf().text()

    const served = [...text.matchAll(/^# HELP (onetrigger_\S+) (.*)$/gm)].map((match) => [match[1], match[2]])

    expect(served.toSorted()).toEqual(
      Object.values(metricDeclarations)
        .map(({ name, help }) => [name, help])
        .toSorted(),
    )
  })

  it('follow the conventions of Prometheus', () => {
    for (const { name, type, help } of Object.values(metricDeclarations)) {
      expect(name).toMatch(/^onetrigger_[a-z_]+$/)
      expect(name.endsWith('_total'), name).toBe(type === 'counter')
      if (type === 'histogram') expect(name).toMatch(/_(seconds|bytes)$/)
      expect(help).toMatch(/^[A-Z0-9].*\.$/)
    }
  })

  it('tell what is running, and how late the event loop is', async () => {
    const text = await metricsOf().text()

    expect(samples(text)).toContain(`onetrigger_build_info{version="2.0.0",node="${process.versions.node}"} 1`)
    expect(text).toContain('nodejs_eventloop_lag_p99_seconds')
  })
})

it('parts of /readyz are told as they are when somebody reads, and those that are gone are gone', async () => {
  let parts: Readonly<Record<string, { readonly ok: boolean }>> = {
    'watch datahub/Gamma': { ok: false },
    'target hook': { ok: true },
  }
  const metrics = metricsOf({}, () => parts)
  const told = async () => samples(await metrics.text()).filter((line) => line.startsWith('onetrigger_part_ok'))

  expect(await told()).toEqual([
    'onetrigger_part_ok{part="watch datahub/Gamma"} 0',
    'onetrigger_part_ok{part="target hook"} 1',
  ])
  parts = { 'watch datahub/Gamma': { ok: true } }
  expect(await told()).toEqual(['onetrigger_part_ok{part="watch datahub/Gamma"} 1'])
})

describe('the meter of a source', () => {
  it('counts requests by route and status, reconnects and gaps, and shows whether a stream is open', async () => {
    const metrics = metricsOf()
    const meter = metrics.meters.source('datahub')

    meter.call('GET /data/{id}', 200)
    meter.call('GET /data/{id}', 200)
    meter.call('GET /data/{id}', 'error')
    meter.reconnect('events')
    meter.gap('an event without id')
    meter.streamOpen('events', true)
    meter.streamOpen('changes', true)
    meter.streamOpen('changes', false)

    expect(samples(await metrics.text())).toEqual(
      expect.arrayContaining([
        'onetrigger_provider_requests_total{source="datahub",route="GET /data/{id}",status="200"} 2',
        'onetrigger_provider_requests_total{source="datahub",route="GET /data/{id}",status="error"} 1',
        'onetrigger_stream_reconnects_total{source="datahub",via="events"} 1',
        'onetrigger_gaps_total{source="datahub",reason="an event without id"} 1',
        'onetrigger_stream_open{source="datahub",via="events"} 1',
        'onetrigger_stream_open{source="datahub",via="changes"} 0',
      ]),
    )
  })

  it('does not grow without end, whatever a label is told', async () => {
    const metrics = metricsOf()
    const meter = metrics.meters.source('datahub')

    for (let id = 0; id < 10_000; id++) meter.call(`GET /data/${id}`, 200)

    const lines = samples(await metrics.text()).filter((line) => line.startsWith('onetrigger_provider_requests_total'))
    expect(lines.length).toBe(65)
    expect(lines).toContain('onetrigger_provider_requests_total{source="datahub",route="other",status="200"} 9936')
  })
})

describe('the meter of the pipeline', () => {
  it('counts what was seen and decided, and shows what is pending', async () => {
    const metrics = metricsOf()
    const meter = metrics.meters.pipeline

    meter.observed('datahub', 'events', 3)
    meter.observed('datahub', 'scan', 1_000)
    meter.pending('videos', 'settling', 7)
    meter.pending('videos', 'settling', 4)
    meter.fired('videos', 'quiet')
    meter.premature('videos')
    meter.stalled('videos')

    expect(samples(await metrics.text())).toEqual(
      expect.arrayContaining([
        'onetrigger_observations_total{source="datahub",by="events"} 3',
        'onetrigger_observations_total{source="datahub",by="scan"} 1000',
        'onetrigger_files_pending{trigger="videos",phase="settling"} 4',
        'onetrigger_fired_total{trigger="videos",rung="quiet"} 1',
        'onetrigger_premature_total{trigger="videos"} 1',
        'onetrigger_stalled_total{trigger="videos"} 1',
      ]),
    )
  })
})

describe('the meter of delivery', () => {
  it('counts attempts by outcome, takes their time, and shows what is under way', async () => {
    const metrics = metricsOf()
    const meter = metrics.meters.delivery

    for (const more of [1, 1, 1, -1] as const) meter.inFlight('hook', more)
    meter.attempted('hook', 'delivered', 40)
    meter.attempted('hook', 'retry', 2_000)
    meter.dead('hook')

    expect(samples(await metrics.text())).toEqual(
      expect.arrayContaining([
        'onetrigger_deliveries_in_flight{target="hook"} 2',
        'onetrigger_deliveries_total{target="hook",outcome="delivered"} 1',
        'onetrigger_deliveries_total{target="hook",outcome="retry"} 1',
        'onetrigger_delivery_duration_seconds_bucket{le="0.025",target="hook"} 0',
        'onetrigger_delivery_duration_seconds_bucket{le="0.1",target="hook"} 1',
        'onetrigger_delivery_duration_seconds_sum{target="hook"} 2.04',
        'onetrigger_deliveries_given_up_total{target="hook"} 1',
      ]),
    )
  })
})

describe('what only the store knows', () => {
  const hook: OutboxDepth = { target: 'hook', owed: 3, dead: 1, oldestOwedAt: clock.now() - 90_500 }

  it('is shown per target', async () => {
    const lines = samples(await metricsOf({ depth: async () => [hook], sizeBytes: async () => 4096 }).text())

    expect(lines).toEqual(
      expect.arrayContaining([
        'onetrigger_outbox_deliveries{target="hook"} 3',
        'onetrigger_outbox_oldest_age_seconds{target="hook"} 90.5',
        'onetrigger_dead_letters{target="hook"} 1',
        'onetrigger_store_size_bytes 4096',
      ]),
    )
  })

  it('is asked for at most every five seconds, however many read', async () => {
    let asked = 0
    const metrics = metricsOf({
      depth: async () => {
        asked++
        return []
      },
    })

    await Promise.all([metrics.text(), metrics.text()])
    await clock.advance(4_999)
    await metrics.text()
    expect(asked).toBe(1)

    await clock.advance(1)
    await metrics.text()
    expect(asked).toBe(2)
  })

  it('is absent while the store does not answer, and a target that owes nothing any more goes', async () => {
    let depth = (): Promise<readonly OutboxDepth[]> => Promise.resolve([hook])
    const metrics = metricsOf({ depth: () => depth(), sizeBytes: async () => 1 })
    await metrics.text()

    depth = () => Promise.reject(new Error('disk full'))
    await clock.advance(5_000)
    const lines = samples(await metrics.text())

    expect(lines.filter((line) => /outbox|dead|store_size/.test(line))).toEqual([])
    expect(lines.length).toBeGreaterThan(0)
  })

  it('holds up nobody where the store does not answer at all, which is asked once until it does', async () => {
    let asked = 0
    const { promise, resolve } = Promise.withResolvers<readonly OutboxDepth[]>()
    const depth = () => {
      asked++
      return promise
    }
    const metrics = metricsOf({ depth, sizeBytes: async () => 1 })
    const read = async () => {
      const reading = metrics.text()
      await clock.advance(5_000)
      return samples(await reading)
    }

    for (const lines of [await read(), await read()]) {
      expect(lines.filter((line) => /outbox|dead|store_size/.test(line))).toEqual([])
      expect(lines.length).toBeGreaterThan(0)
    }
    expect(asked).toBe(1)

    resolve([hook])
    expect(await read()).toContain('onetrigger_outbox_deliveries{target="hook"} 3')
  }, 2_000)
})
