import { join } from 'node:path'
import { Provider, preciseNow, Sink } from '../children.ts'
import { configFor, environmentFor, MeasuredProcess } from '../measured-process.ts'
import { type Measurement, of, type Size, type Values } from '../measurement.ts'
import { pause, until, withFolder } from '../scratch.ts'

const stableForMs = 5_000

/** All at once: none of them is complete before all of them are there. */
export const uploading: Measurement = {
  name: 'uploading',
  about: 'Many files uploading at once, by events; each fires, signed, when it was quiet for 5 s',
  figures: {
    lastSeconds: { about: 'last file written + stableFor → its request', unit: 's', better: 'lower' },
    filesPerSecond: { about: 'files fired per second, first request to last', unit: '', better: 'higher' },
    peakMb: { about: 'memory at the most', unit: 'MB', better: 'lower', goal: 400 },
    requests: { about: 'requests to the provider in all', unit: '', better: 'lower' },
  },
  sizes: {
    full: { files: 100_000, directories: 100 },
    quick: { files: 10_000, directories: 10 },
    check: { files: 5_000, directories: 5 },
  },
  bounds: [
    { figure: 'peakMb', most: 350 },
    // A tenth of a request for each file; on a quiet machine it is a hundredth.
    { figure: 'requests', most: 1_000 },
  ],
  seconds: (runs) => 60 * runs,
  async *measure(size, runs) {
    for (let run = 0; run < runs; run++) yield await withFolder((folder) => once(size, folder))
  },
}

async function once(size: Size, folder: string): Promise<Values> {
  const files = of(size, 'files')
  const [provider, sink] = [await Provider.start(), await Sink.start()]
  await provider.fill(0, of(size, 'directories'))
  const trigger = { completion: { stableFor: `${stableForMs}ms` } }
  const source = { via: 'events' }
  const config = configFor({ provider, sinkUrl: sink.url, storePath: join(folder, 'o.db'), source, trigger })
  const process = MeasuredProcess.start({ config, env: environmentFor(provider) })
  await process.said('the first listing is done')
  // Until the stream over all directories is open.
  await pause(3_000)
  await provider.requests()
  await provider.fill(files, of(size, 'directories'))
  const writtenAt = preciseNow()
  await until('all have fired', async () => ((await sink.count()) >= files ? true : null), 600_000, 100)
  const times = [...(await sink.times()).values()]
  const [first, last] = [Math.min(...times.slice(0, 1)), times.reduce((a, b) => Math.max(a, b), 0)]
  const requests = [...(await provider.requests()).values()].reduce((a, b) => a + b, 0)
  const peakMb = process.peakMb()
  await process.kill('SIGTERM')
  provider.close()
  sink.close()
  const lastSeconds = (last - writtenAt - stableForMs) / 1_000
  return { lastSeconds, filesPerSecond: (files / (last - first)) * 1_000, peakMb, requests }
}
