import { join } from 'node:path'
import { Provider, Sink } from '../children.ts'
import { configFor, environmentFor, MeasuredProcess } from '../measured-process.ts'
import { type Measurement, of, pagesOf, type Size } from '../measurement.ts'
import { pause, until, withFolder } from '../scratch.ts'

/** For the count of requests listings and new streams come sooner than every ten and five minutes, so that a short window holds several. */
const reconcileMs = 8_000
const idleCutMs = 6_000
/** By default, with everything else as it is. Providers cut a quiet stream of events after 5 minutes; one of changes is asked to end after 4. */
const listingsPerHour = 6
const openingsPerHour = { events: 12, changes: 15 } as const
type Via = keyof typeof openingsPerHour

/** A watch on which nothing happens. */
export const idle: Measurement = {
  name: 'idle',
  about: 'A watch on which nothing happens',
  figures: {
    memoryMb: { about: 'memory, an empty folder', unit: 'MB', better: 'lower', goal: 90 },
    memoryListedMb: { about: 'memory, after the listing of all files', unit: 'MB', better: 'lower' },
    cpuPercent: { about: 'processor, after that, of one core', unit: '%', better: 'lower', goal: 0.5 },
    eventsPerHour: { about: 'requests to the provider per hour, by events', unit: '', better: 'lower', goal: 120 },
    changesPerHour: { about: 'the same by changes', unit: '', better: 'lower', goal: 120 },
  },
  sizes: {
    full: { files: 100_000, directories: 1_000, settleSeconds: 30, cpuSeconds: 30, windowSeconds: 30 },
    quick: { files: 20_000, directories: 200, settleSeconds: 14, cpuSeconds: 10, windowSeconds: 20 },
    check: { files: 5_000, directories: 50, settleSeconds: 14, cpuSeconds: 1, windowSeconds: 10 },
  },
  bounds: [
    { figure: 'memoryMb', most: 100 },
    // A quarter of it is left of the listing, unless what the listing took is never given back.
    { figure: 'memoryListedMb', most: 200 },
    { figure: 'eventsPerHour', most: 120 },
    { figure: 'changesPerHour', most: 120 },
  ],
  seconds: (runs) => 20 + 200 * runs,
  async *measure(size, runs) {
    const sink = await Sink.start()
    const empty = await Provider.start()
    // The one that cuts streams early is not the one beside which nothing is to happen.
    const [filled, restless] = [await fill(size, {}), await fill(size, { idleCutMs })]
    for (let run = 0; run < runs; run++) {
      const { memoryMb } = await resting(empty, sink, size)
      const listed = await resting(filled, sink, size)
      yield {
        memoryMb,
        memoryListedMb: listed.memoryMb,
        cpuPercent: listed.cpuPercent,
        eventsPerHour: await requestsPerHour('events', restless, sink, size),
        changesPerHour: await requestsPerHour('changes', restless, sink, size),
      }
    }
    for (const each of [sink, empty, filled, restless]) each.close()
  },
}

async function fill(size: Size, delays: { readonly idleCutMs?: number }): Promise<Provider> {
  const provider = await Provider.start(delays)
  await provider.fill(of(size, 'files'), of(size, 'directories'))
  return provider
}

/** With everything as it is by default. */
function resting(provider: Provider, sink: Sink, size: Size): Promise<{ memoryMb: number; cpuPercent: number }> {
  return watching(provider, sink, {}, async (process) => {
    await pause(of(size, 'settleSeconds') * 1_000)
    const [cpu, began] = [process.cpuSeconds(), performance.now()]
    await pause(of(size, 'cpuSeconds') * 1_000)
    const seconds = (performance.now() - began) / 1_000
    return { memoryMb: process.residentMb(), cpuPercent: ((process.cpuSeconds() - cpu) / seconds) * 100 }
  })
}

/** What one listing and one opening of the stream cost, as often as they come in an hour: windows need not hold whole numbers of them. */
function requestsPerHour(via: Via, provider: Provider, sink: Sink, size: Size): Promise<number> {
  return watching(provider, sink, { via, reconcileInterval: `${reconcileMs}ms` }, async () => {
    // The start is over: the stream of events is opened a second time, and everything listed again, once the directories are known.
    await pause(5_000)
    await untilQuiet(provider)
    const pages = pagesOf(of(size, 'files') + of(size, 'directories'))
    const counts = await countSome(provider, pages, of(size, 'windowSeconds') * 1_000)
    const listings = matching(counts, page) / pages
    const [openings, all] = [matching(counts, opening), matching(counts, /./)]
    return ((all - openings) / listings) * listingsPerHour + openingsPerHour[via]
  })
}

const [page, opening] = [/\/data\/\{id\}\/files$/, /\/(events|changes)\//]
/** So long without a request: nothing is half done. */
const quietMs = 1_500
/** On a busy machine what should come every few seconds may take its time. */
const patienceMs = 180_000

/** Requests of at least so long, and until they hold two listings and a new stream, none of them by half. */
async function countSome(provider: Provider, pages: number, leastMs: number): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>()
  const add = (some: ReadonlyMap<string, number>) => {
    for (const [route, count] of some) counts.set(route, (counts.get(route) ?? 0) + count)
  }
  await pause(leastMs)
  const enough = async () => {
    add(await provider.requests())
    return matching(counts, page) >= 2 * pages && matching(counts, opening) >= 1 ? true : null
  }
  await until('there are two listings and a new stream', enough, patienceMs, 200)
  add(await untilQuiet(provider))
  return counts
}

/** Resolves when nothing was asked for a while, with what was asked until then. */
async function untilQuiet(provider: Provider): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>()
  const quiet = async () => {
    await pause(quietMs)
    const some = await provider.requests()
    for (const [route, count] of some) counts.set(route, (counts.get(route) ?? 0) + count)
    return some.size === 0 ? counts : null
  }
  return until('there is a pause between listings', quiet, patienceMs)
}

function matching(counts: ReadonlyMap<string, number>, route: RegExp): number {
  return [...counts].reduce((sum, [name, count]) => sum + (route.test(name) ? count : 0), 0)
}

function watching<T>(
  provider: Provider,
  sink: Sink,
  source: object,
  look: (process: MeasuredProcess) => Promise<T>,
): Promise<T> {
  return withFolder(async (folder) => {
    const config = configFor({ provider, sinkUrl: sink.url, storePath: join(folder, 'o.db'), source })
    const process = MeasuredProcess.start({ config, env: environmentFor(provider) })
    await process.said('the first listing is done')
    const seen = await look(process)
    await process.kill()
    return seen
  })
}
