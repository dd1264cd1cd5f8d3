import { join } from 'node:path'
import { Provider, Sink } from '../children.ts'
import { configFor, environmentFor, MeasuredProcess } from '../measured-process.ts'
import { type Measurement, of, pagesOf, type Size, type Values } from '../measurement.ts'
import { rawInserts } from '../raw.ts'
import { pause, until, withFolder } from '../scratch.ts'

const pollSeconds = 1

/** A folder full of files from before: all are listed and remembered. */
export const scan: Measurement = {
  name: 'scan',
  about: 'A new trigger on a folder full of files: all are listed and remembered',
  figures: {
    seconds: { about: 'first listing', unit: 's', better: 'lower', goal: 120 },
    filesPerSecond: { about: 'files per second', unit: '', better: 'higher' },
    ofRawInserts: { about: 'of what a bare loop of inserts into SQLite writes', unit: '%', better: 'higher' },
    againSeconds: { about: 'second listing (reconcile): everything is known', unit: 's', better: 'lower' },
    peakMb: { about: 'memory at the most, both listings', unit: 'MB', better: 'lower', goal: 400 },
    restMb: { about: 'memory a while after', unit: 'MB', better: 'lower' },
  },
  sizes: {
    full: { files: 1_000_000, directories: 1_000, restSeconds: 20 },
    quick: { files: 100_000, directories: 100, restSeconds: 12 },
    check: { files: 30_000, directories: 30, restSeconds: 1 },
  },
  bounds: [{ figure: 'peakMb', most: 350 }],
  seconds: (runs) => 60 + 150 * runs,
  async *measure(size, runs) {
    const [provider, sink] = [await Provider.start(), await Sink.start()]
    await provider.fill(of(size, 'files'), of(size, 'directories'))
    for (let run = 0; run < runs; run++) yield await withFolder((folder) => once(provider, sink, size, folder))
    provider.close()
    sink.close()
  },
}

async function once(provider: Provider, sink: Sink, size: Size, folder: string): Promise<Values> {
  const files = of(size, 'files')
  const raw = rawInserts(join(folder, 'raw.db'), Math.min(files, 200_000))
  // By poll, so that the second listing follows at once, and nothing else happens.
  const source = { via: 'poll', pollInterval: `${pollSeconds}s` }
  const config = configFor({ provider, sinkUrl: sink.url, storePath: join(folder, 'o.db'), source })
  const process = MeasuredProcess.start({ config, env: environmentFor(provider) })
  const began = await process.said('watching')
  const first = await process.said('the first listing is done')
  const seconds = (first.time - began.time) / 1_000
  const againSeconds = await secondListing(provider, pagesOf(files + of(size, 'directories')))
  const peakMb = process.peakMb()
  await pause(of(size, 'restSeconds') * 1_000)
  const restMb = process.residentMb()
  await process.kill('SIGTERM')
  const filesPerSecond = files / seconds
  return { seconds, filesPerSecond, ofRawInserts: (filesPerSecond / raw) * 100, againSeconds, peakMb, restMb }
}

/** From its first page to the first page of the one after it, less the pause between them. */
async function secondListing(provider: Provider, pages: number): Promise<number> {
  await provider.requests()
  let [asked, began] = [0, 0]
  const another = async () => {
    for (const [route, count] of await provider.requests()) if (route.endsWith('/data/{id}/files')) asked += count
    if (asked > 0 && began === 0) began = performance.now()
    return asked > pages ? performance.now() : null
  }
  const ended = await until('listings go on', another, 600_000, 20)
  return (ended - began) / 1_000 - pollSeconds
}
