import { join } from 'node:path'
import { createSystemClock } from '../../../src/lib/clock.ts'
import { openSqliteStore } from '../../../src/store/sqlite/sqlite-store.ts'
import { Provider, Sink } from '../children.ts'
import { configFor, environmentFor, MeasuredProcess } from '../measured-process.ts'
import { type Figure, type Measurement, of, type Size, type Values } from '../measurement.ts'
import { pause, until, withFolder } from '../scratch.ts'
import { owedEvents } from '../signed.ts'

/** What is needed for one point of a sweep. */
interface World {
  readonly provider: Provider
  readonly sink: Sink
  readonly folder: string
}

interface Sweep {
  /** What there is more and more of. */
  readonly things: string
  readonly about: string
  readonly costs: Readonly<Record<string, Omit<Figure, 'better'>>>
  readonly amounts: { readonly full: readonly number[]; readonly quick: readonly number[] }
  readonly seconds: number
  cost(amount: number, world: World): Promise<Values>
}

/** Size keys of the amounts, in order. */
const keys = ['first', 'second', 'third', 'fourth', 'fifth']

/** A sweep as a measurement: its values are called `cost@amount`. */
function growing(sweep: Sweep): Measurement {
  const sizeOf = (amounts: readonly number[]): Size =>
    Object.fromEntries(amounts.map((amount, index) => [keys[index] ?? '', amount]))
  const figures = sweep.amounts.full.flatMap((amount) =>
    Object.entries(sweep.costs).map(
      ([name, cost]) => [`${name}@${amount}`, { ...cost, better: 'lower' as const }] as const,
    ),
  )
  return {
    name: `growth-${sweep.things}`,
    about: sweep.about,
    figures: Object.fromEntries(figures),
    sizes: { full: sizeOf(sweep.amounts.full), quick: sizeOf(sweep.amounts.quick) },
    bounds: [],
    seconds: (runs) => sweep.seconds * runs,
    async *measure(size, runs) {
      for (let run = 0; run < runs; run++) {
        const values: Record<string, number> = {}
        for (const key of Object.keys(size)) {
          const amount = of(size, key)
          const costs = await inNewWorld((world) => sweep.cost(amount, world))
          for (const [name, cost] of Object.entries(costs)) values[`${name}@${amount}`] = cost
        }
        yield values
      }
    },
  }
}

function inNewWorld(use: (world: World) => Promise<Values>): Promise<Values> {
  return withFolder(async (folder) => {
    const [provider, sink] = [await Provider.start(), await Sink.start()]
    try {
      return await use({ provider, sink, folder })
    } finally {
      provider.close()
      sink.close()
    }
  })
}

/** The first listing, and the memory that it leaves at the most. */
async function list(world: World, different: Parameters<typeof startIn>[1] = {}): Promise<Values> {
  const process = startIn(world, different)
  const began = await process.said('watching')
  const listed = await process.said('the first listing is done')
  const seconds = Math.max(listed.time - began.time, 1) / 1_000
  await pause(500)
  const peakMb = process.peakMb()
  await process.kill('SIGTERM')
  return { seconds, peakMb }
}

function startIn({ provider, sink, folder }: World, different: { readonly [part: string]: object } = {}) {
  const storePath = join(folder, 'o.db')
  const config = configFor({ provider, sinkUrl: sink.url, storePath, ...different })
  return MeasuredProcess.start({ config, env: environmentFor(provider) })
}

const listingCosts = {
  seconds: { about: 'first listing', unit: 's' },
  peakMb: { about: 'memory at the most', unit: 'MB' },
} as const

const files: Sweep = {
  things: 'files',
  about: 'More files in 100 directories',
  costs: listingCosts,
  amounts: { full: [10_000, 30_000, 100_000, 300_000], quick: [3_000, 30_000] },
  seconds: 60,
  cost: async (amount, world) => {
    await world.provider.fill(amount, 100)
    return list(world, { source: { via: 'changes' } })
  },
}

const directories: Sweep = {
  things: 'directories',
  about: 'The same 20,000 files in more directories, by events',
  costs: { ...listingCosts, requests: { about: 'requests until everything is watched', unit: '' } },
  amounts: { full: [10, 100, 1_000, 4_000], quick: [10, 1_000] },
  seconds: 40,
  cost: async (amount, world) => {
    await world.provider.fill(20_000, amount)
    await world.provider.requests()
    const costs = await list(world, { source: { via: 'events' } })
    const requests = [...(await world.provider.requests()).values()].reduce((a, b) => a + b, 0)
    return { ...costs, requests }
  },
}

const triggers: Sweep = {
  things: 'triggers',
  about: 'More triggers on the same folder of 5,000 files',
  costs: listingCosts,
  amounts: { full: [1, 4, 16, 64], quick: [1, 16] },
  seconds: 60,
  cost: async (amount, world) => {
    await world.provider.fill(5_000, 10)
    const watch = { source: 'onedata', space: 'Gamma', folder: 'in' }
    const names = Array.from({ length: amount }, (_, index) => `t${index}`)
    const all = Object.fromEntries(names.map((name) => [name, { watch, deliver: ['hook'] }]))
    return list(world, { source: { via: 'changes' }, triggers: all })
  },
}

const targets: Sweep = {
  things: 'targets',
  about: 'The same 20,000 owed deliveries, spread over more targets',
  costs: {
    msPerThousand: { about: 'for 1,000 deliveries', unit: 'ms' },
    peakMb: { about: 'memory at the most', unit: 'MB' },
  },
  amounts: { full: [1, 4, 16, 64], quick: [1, 16] },
  seconds: 40,
  cost: deliverTo,
}

const owedInAll = 20_000

async function deliverTo(amount: number, world: World): Promise<Values> {
  const names = Array.from({ length: amount }, (_, index) => `t${index}`)
  const store = await openSqliteStore({ path: join(world.folder, 'o.db'), clock: createSystemClock() })
  const each = Math.floor(owedInAll / amount)
  for (const [index, name] of names.entries()) await store.settle([], owedEvents(index * each, each, [name]))
  await store.close()
  const hook = { type: 'webhook', url: world.sink.url, secret: { env: 'HOOK_SECRET' } }
  const watch = { source: 'onedata', space: 'Gamma', folder: 'in' }
  const process = startIn(world, {
    targets: Object.fromEntries(names.map((name) => [name, hook])),
    triggers: { default: { watch, deliver: names } },
  })
  const all = async () => ((await world.sink.count()) >= each * amount ? true : null)
  await until('all are delivered', all, 300_000, 50)
  const times = [...(await world.sink.times()).values()]
  const took =
    times.reduce((a, b) => Math.max(a, b), 0) - times.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)
  const peakMb = process.peakMb()
  await process.kill('SIGTERM')
  return { msPerThousand: (took / (each * amount)) * 1_000, peakMb }
}

export const growths: readonly Measurement[] = [files, directories, triggers, targets].map(growing)
