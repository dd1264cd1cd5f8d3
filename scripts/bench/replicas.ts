import { createSystemClock, sleep } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { fixedSecret } from '../../src/lib/secret.ts'
import { connectPostgres } from '../../src/store/postgres/connect.ts'
import { openPostgresStore } from '../../src/store/postgres/postgres-store.ts'
import { startPostgres } from '../../test/postgres/server.ts'
import { readOptions, wholeNumber, wholeNumbers } from '../options.ts'
import { Deliverer, Sink } from './children.ts'
import { owedEvents } from './signed.ts'

const {
  backlog,
  processes: counts,
  rounds,
} = readOptions({
  command: 'bench:replicas',
  about:
    'What 1, 2 and 4 processes deliver together from one PostgreSQL: signed deliveries from a full outbox to a receiver in a process of its own.',
  examples: { '--backlog 10000 --processes 1,2 --rounds 2': 'a shorter one' },
  options: {
    backlog: wholeNumber('how many deliveries are owed at the start', 20_000),
    processes: wholeNumbers('how many processes deliver, one after the other, with commas between', [1, 2, 4]),
    rounds: wholeNumber('how often all of them are measured', 3),
  },
})
const clock = createSystemClock()
const deps = { clock, log: silentLog }
const never = new AbortController().signal

async function fill(url: string): Promise<void> {
  const database = connectPostgres({ url: fixedSecret(url), connections: 4, ...deps })
  const store = await openPostgresStore({ database, name: database.place, schema: 'onetrigger', ...deps })
  const began = performance.now()
  for (let from = 0; from < backlog; from += 1_000) {
    await store.settle([], owedEvents(from, Math.min(1_000, backlog - from), ['hook']))
  }
  const perSecond = (backlog / (performance.now() - began)) * 1_000
  console.log(`  filled at ${Math.round(perSecond)} deliveries a second`)
  await store.close()
}

/** Deliveries per second of so many processes, from the first request to the last. */
async function together(processes: number): Promise<number> {
  const server = await startPostgres(15)
  await fill(server.url)
  const sink = await Sink.start()
  const deliverers = await Promise.all(Array.from({ length: processes }, () => Deliverer.start(server.url, sink.url)))
  for (const deliverer of deliverers) deliverer.go()
  while ((await sink.count()) < backlog) await sleep(clock, 20, never)
  const times = [...(await sink.times()).values()].toSorted((a, b) => a - b)
  for (const deliverer of deliverers) await deliverer.stop()
  sink.close()
  await server.close()
  const perSecond = (backlog / ((times.at(-1) ?? 0) - (times[0] ?? 0))) * 1_000
  console.log(`  ${processes} processes: ${Math.round(perSecond)} deliveries per second`)
  return perSecond
}

const results = new Map<number, number[]>(counts.map((count) => [count, []]))
for (let round = 1; round <= rounds; round++) {
  console.log(`round ${round}: a full outbox of ${backlog}`)
  for (const count of counts) results.get(count)?.push(await together(count))
}
for (const [count, all] of results) {
  const sorted = all.toSorted((a, b) => a - b)
  const median = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
  console.log(
    `${count} processes: median ${Math.round(median)} per second, worst ${Math.round(sorted[0] ?? Number.NaN)}`,
  )
}
