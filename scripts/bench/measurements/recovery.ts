import { join } from 'node:path'
import { createSystemClock } from '../../../src/lib/clock.ts'
import { openSqliteStore } from '../../../src/store/sqlite/sqlite-store.ts'
import { Provider, Sink } from '../children.ts'
import { configFor, environmentFor, MeasuredProcess } from '../measured-process.ts'
import { type Measurement, of, type Values } from '../measurement.ts'
import { until, withFolder } from '../scratch.ts'
import { owedEvents } from '../signed.ts'

/** kill -9 in the middle of delivering a full outbox, and a new start. */
export const recovery: Measurement = {
  name: 'recovery',
  about: 'kill -9 while an outbox of many owed deliveries is being delivered, and a new start',
  figures: {
    firstMs: {
      about: 'from the new start to the first request at the receiver',
      unit: 'ms',
      better: 'lower',
      goal: 2_000,
    },
    memoryMb: { about: 'memory after 2 s of delivering', unit: 'MB', better: 'lower' },
    bytesPerDelivery: { about: 'on disk for each owed delivery', unit: 'B', better: 'lower' },
  },
  sizes: { full: { owed: 1_000_000 }, quick: { owed: 50_000 }, check: { owed: 20_000 } },
  bounds: [{ figure: 'firstMs', most: 5_000 }],
  seconds: (runs) => 120 + 8 * runs,
  async *measure(size, runs) {
    const [provider, sink] = [await Provider.start(), await Sink.start()]
    const owed = of(size, 'owed')
    // One database for all runs: each leaves it a few thousand deliveries poorer.
    yield* await withFolder(async (folder) => {
      const storePath = join(folder, 'o.db')
      const bytesPerDelivery = (await fill(storePath, owed)) / owed
      const config = configFor({ provider, sinkUrl: sink.url, storePath })
      const start = () => MeasuredProcess.start({ config, env: environmentFor(provider) })
      await beKilled(start(), sink)
      const all: Values[] = []
      for (let run = 0; run < runs; run++) all.push({ ...(await beKilled(start(), sink)), bytesPerDelivery })
      return all
    })
    provider.close()
    sink.close()
  },
}

/** Bytes of the database then. */
async function fill(path: string, owed: number): Promise<number> {
  const store = await openSqliteStore({ path, clock: createSystemClock() })
  for (let from = 0; from < owed; from += 10_000) {
    await store.settle([], owedEvents(from, Math.min(10_000, owed - from), ['hook']))
  }
  const bytes = await store.sizeBytes()
  await store.close()
  return bytes
}

/** Lets it deliver for two seconds, and kills it in the middle of that. What still comes from the dead is not counted. */
async function beKilled(process: MeasuredProcess, sink: Sink): Promise<{ firstMs: number; memoryMb: number }> {
  const first = await until('a delivery comes', () => sink.first(), 60_000, 5)
  const firstMs = first - process.startedAt
  await until('more come', async () => ((await sink.count()) > 1_000 ? true : null), 60_000)
  const memoryMb = process.residentMb()
  await process.kill('SIGKILL')
  await sink.clear()
  return { firstMs, memoryMb }
}
