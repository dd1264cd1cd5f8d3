// What the delivery half does: signed deliveries from SQLite (synchronous=FULL) to a receiver in a process of its own.
//   npm run bench:deliveries -- --backlog 100000 --rate 1000 --seconds 20 --rounds 3
// Prints deliveries per second from a full outbox; the time from handing an event to the store to its request at the receiver, at a steady
// rate; and what a healthy target keeps of its throughput beside one that hangs and one that fails.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Pool } from 'undici'
import type { Outcome } from '../../src/core/delivery.ts'
import { deliveryId } from '../../src/core/ids.ts'
import { defaultRetry } from '../../src/core/retry.ts'
import type { Target } from '../../src/core/target.ts'
import { createDispatcher, type DispatcherTarget } from '../../src/delivery/dispatcher.ts'
import { silentDeliveryMeter } from '../../src/delivery/meter.ts'
import { formats } from '../../src/formats/registry.ts'
import { createSystemClock, sleep } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import type { Store } from '../../src/store/store.ts'
import { anEvent } from '../../test/support/builders.ts'
import { percentiles, preciseNow, Sink } from './children.ts'
import { concurrency, owedEvents, signed } from './signed.ts'

const { values } = parseArgs({
  options: {
    backlog: { type: 'string', default: '100000' },
    rate: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '3' },
  },
})
const [backlog, rate] = [Number(values.backlog), Number(values.rate)]
const [seconds, rounds] = [Number(values.seconds), Number(values.rounds)]
const clock = createSystemClock()
const never = new AbortController().signal

/** Runs the dispatcher on a new database until `delivered` of the healthy target are settled. */
async function dispatch(
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
async function saturated(others: Readonly<Record<string, DispatcherTarget>> = {}): Promise<number> {
  const sink = await Sink.start()
  const targets = new Map(Object.entries({ hook: signed(sink.url, clock), ...others }))
  let perSecond = 0
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
    const cores = ((user + system) / 1_000 / took).toFixed(2)
    console.log(`  ${Math.round(perSecond)} deliveries per second, ${cores} cores beside the receiver's`)
  })
  sink.close()
  return perSecond
}

/** What the machine gives at this moment without us: the same requests in a bare loop, unsigned, nothing on disk. */
async function bare(): Promise<number> {
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
  console.log(`  ${Math.round(perSecond)} requests per second`)
  await pool.close()
  sink.close()
  return perSecond
}

/** Open loop: events come on a timetable, whatever became of those before. */
async function steady(): Promise<void> {
  const sink = await Sink.start()
  const due = new Map<string, number>()
  let added: number[] = []
  await dispatch(
    new Map([['hook', signed(sink.url, clock)]]),
    async () => {},
    async (store, wake, settled) => {
      const began = preciseNow()
      const writes: Promise<void>[] = []
      for (let index = 0; index < rate * seconds; index++) {
        const at = began + (index * 1_000) / rate
        if (at > preciseNow()) await sleep(clock, Math.max(at - preciseNow(), 0), never)
        due.set(deliveryId(String(index), 'hook'), at)
        writes.push(store.settle([], owedEvents(index, 1, ['hook'])).then(wake))
      }
      await Promise.all(writes)
      await settled(rate * seconds)
      const times = await sink.times()
      added = [...due].map(([id, at]) => (times.get(id) ?? Number.NaN) - at)
    },
  )
  sink.close()
  if (added.some(Number.isNaN)) throw new Error('a delivery never came')
  console.log(`  ${percentiles(added)}`)
}

function told(answer: (signal: AbortSignal) => Promise<Outcome>): DispatcherTarget {
  const target: Target = { deliver: (_delivery, signal) => answer(signal), close: async () => {} }
  return { target, concurrency, timeoutMs: 30_000, retry: defaultRetry }
}

const hangs = (signal: AbortSignal) =>
  new Promise<Outcome>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
const fails = async (): Promise<Outcome> => ({ kind: 'retry', reason: 'it answered 500' })

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN
}

const [raw, alone, beside]: [number[], number[], number[]] = [[], [], []]
for (let round = 1; round <= rounds; round++) {
  console.log(`round ${round}: a bare loop of ${backlog} requests`)
  raw.push(await bare())
  console.log(`round ${round}: a full outbox of ${backlog}`)
  alone.push(await saturated())
  console.log(`round ${round}: beside a target that hangs and one that fails`)
  beside.push(await saturated({ hangs: told(hangs), fails: told(fails) }))
  console.log(`round ${round}: ${rate} a second for ${seconds} s, from the store to the receiver`)
  await steady()
}
console.log(`median ${Math.round(median(alone))} per second, worst ${Math.round(Math.min(...alone))}`)
const ofBare = median(alone.map((each, index) => each / (raw[index] ?? Number.NaN)))
console.log(`durable and signed that is ${(ofBare * 100).toFixed(0)} % of the bare loop of the same round`)
const shares = alone.map((each, index) => (beside[index] ?? 0) / each)
console.log(
  `beside a target that hangs and one that fails the healthy one keeps ${(median(shares) * 100).toFixed(0)} %`,
)
