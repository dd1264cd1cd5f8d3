import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { Provider, Sink } from '../children.ts'
import { configFor, environmentFor, MeasuredProcess } from '../measured-process.ts'
import type { Measurement, Values } from '../measurement.ts'
import { until, withFolder } from '../scratch.ts'

/** From the shell to work: the built package against an empty folder. */
export const start: Measurement = {
  name: 'start',
  about: 'From starting the process to its first request to the provider, and to the answer that it is ready',
  figures: {
    requestMs: { about: 'first request to the provider', unit: 'ms', better: 'lower', goal: 500 },
    newMs: { about: 'the same of a new installation, which keeps no compiled code yet', unit: 'ms', better: 'lower' },
    readyMs: { about: 'the first listing is done, everything is watched', unit: 'ms', better: 'lower' },
    timesBareNode: { about: 'first request, in starts of a Node that does nothing', unit: '×', better: 'lower' },
    memoryMb: { about: 'memory when it is ready', unit: 'MB', better: 'lower' },
  },
  sizes: { full: {}, quick: {}, check: {} },
  bounds: [{ figure: 'requestMs', most: 3_000 }],
  seconds: (runs) => 5 + 6 * runs,
  async *measure(_size, runs) {
    const [provider, sink] = [await Provider.start(), await Sink.start()]
    const start = (caches: string) => withFolder((folder) => once({ provider, sink, folder, caches }))
    yield* await withFolder(async (kept) => {
      // The first start warms the disk's cache, too, and is left out.
      await start(kept)
      const values: Values[] = []
      for (let run = 0; run < runs; run++) {
        const { requestMs } = await withFolder(start)
        values.push({ ...(await start(kept)), newMs: requestMs })
      }
      return values
    })
    provider.close()
    sink.close()
  },
}

interface Place {
  readonly provider: Provider
  readonly sink: Sink
  /** For the database. */
  readonly folder: string
  /** For compiled code. */
  readonly caches: string
}

async function once({ provider, sink, folder, caches }: Place) {
  const bareMs = bareNode()
  await provider.requests()
  const config = configFor({ provider, sinkUrl: sink.url, storePath: join(folder, 'o.db') })
  const process = MeasuredProcess.start({ config, env: { ...environmentFor(provider), XDG_CACHE_HOME: caches } })
  const requestAt = await until('it asks the provider', () => provider.firstRequest(), 30_000)
  const { time } = await process.said('the first listing is done')
  const memoryMb = process.residentMb()
  await process.kill('SIGTERM')
  const requestMs = requestAt - process.startedAt
  return { requestMs, readyMs: time - process.startedAt, timesBareNode: requestMs / bareMs, memoryMb }
}

function bareNode(): number {
  const began = performance.now()
  spawnSync(process.execPath, ['-e', '0'])
  return performance.now() - began
}
