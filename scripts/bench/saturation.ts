// Signed deliveries from a full SQLite outbox as fast as they go, and the bare loops that they are compared with.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Pool } from 'undici'
import { createDispatcher, type DispatcherTarget } from '../../src/delivery/dispatcher.ts'
import { silentDeliveryMeter } from '../../src/delivery/meter.ts'
import { formats } from '../../src/formats/registry.ts'
import { createSystemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import type { Store } from '../../src/store/store.ts'
import { RequestThread } from '../../src/targets/http/thread/request-thread.ts'
import { anEvent } from '../../test/support/builders.ts'
import { Sink } from './children.ts'
import { concurrency, owedEvents, signed } from './signed.ts'

const clock = createSystemClock()

/** Runs the dispatcher on a new database until `delivered` of the healthy target are settled. */
export async function dispatch(
  targets: ReadonlyMap<string, DispatcherTarget>,
  fill: (store: Store) => Promise<void>,
  during: (store: Store, wake: () => void, settled: (count: number) => Promise<void>) => Promise<void>,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'onetrigger-bench-'))
  const store = await openSqliteStore({ path: join(directory, 'bench.db'), clock })
  await fill(store)
  let done = 0
  let wanted = Number.POSITIVE_INFINITY
  let reached = () => {}
  const dispatcher = createDispatcher({
    store,
    targets,
    clock,
    random: Math.random,
    meter: silentDeliveryMeter,
    log: silentLog,
    onProgress: ({ delivery, outcome }) => {
      if (delivery.target !== 'hook' || outcome.kind !== 'delivered') return
      done += 1
      if (done >= wanted) reached()
    },
  })
  const [stop, abort] = [new AbortController(), new AbortController()]
  const running = dispatcher.run(stop.signal, abort.signal)
  const settled = (count: number) => {
    wanted = count
    return new Promise<void>((resolve) => {
      reached = resolve
      if (done >= count) resolve()
    })
  }
  await during(store, () => dispatcher.wake([...targets.keys()]), settled)
  stop.abort()
  abort.abort()
  await running
  for (const { target } of targets.values()) await target.close()
  await store.close()
  rmSync(directory, { recursive: true, force: true })
}

/** Deliveries per second from a full outbox. `others` are targets beside the healthy one, which are owed the same. */
export async function saturated(
  backlog: number,
  others: Readonly<Record<string, DispatcherTarget>> = {},
): Promise<{ perSecond: number; cores: number }> {
  const sink = await Sink.start()
  const thread = new RequestThread({ clock, log: silentLog, egress: {} })
  const targets = new Map(Object.entries({ hook: signed(sink.url, clock, thread), ...others }))
  let [perSecond, cores] = [0, 0]
  const fill = async (store: Store) => {
    for (let from = 0; from < backlog; from += 1_000) {
      await store.settle([], owedEvents(from, Math.min(1_000, backlog - from), [...targets.keys()]))
    }
  }
  await dispatch(targets, fill, async (_store, _wake, settled) => {
    const began = performance.now()
    const cpu = process.cpuUsage()
    await settled(backlog)
    const took = performance.now() - began
    const { user, system } = process.cpuUsage(cpu)
    perSecond = (backlog / took) * 1_000
    cores = (user + system) / 1_000 / took
  })
  await thread.close()
  sink.close()
  return { perSecond, cores }
}

/** What the machine gives at this moment without us: the same requests in a bare loop, unsigned, nothing on disk. */
export async function bare(backlog: number): Promise<number> {
  const sink = await Sink.start()
  const { origin, pathname } = new URL(sink.url)
  const pool = new Pool(origin, { connections: concurrency, pipelining: 1 })
  const body = formats.classic(anEvent()).body
  let left = backlog
  const began = performance.now()
  const loop = async () => {
    while (left > 0) {
      left -= 1
      const headers = { 'content-type': 'application/json', 'webhook-id': String(left) }
      await (await pool.request({ path: pathname, method: 'POST', headers, body })).body.dump()
    }
  }
  await Promise.all(Array.from({ length: concurrency }, loop))
  const perSecond = (backlog / (performance.now() - began)) * 1_000
  await pool.close()
  sink.close()
  return perSecond
}
