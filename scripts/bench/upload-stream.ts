// Uploads on a timetable through all of OneTrigger, embedded in this process; provider and receiver are processes of their own.
import { join } from 'node:path'
import { startEmbedded } from '../../src/app/embedded.ts'
import { defaultRetry } from '../../src/core/retry.ts'
import { createSystemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { fixedSecret } from '../../src/lib/secret.ts'
import { aConfig, aTrigger } from '../../test/support/builders.ts'
import { Provider, Sink } from './children.ts'
import { pause, until, withFolder } from './scratch.ts'

export interface UploadStream {
  /** Files per second. */
  readonly rate: number
  readonly seconds: number
  /** Seconds before that, in which everything is compiled and connected. */
  readonly warmUp: number
  /** Most requests per second to the provider. */
  readonly perSecond: number
  readonly perDirectory: number
}

/** One file that fired: milliseconds, what was due subtracted. */
export interface Late {
  /** `cold`: of the first seconds. `onset`: of the moments after a pause; a quiet provider looks for news once a second, and tells of a second's files at once. */
  readonly part: 'cold' | 'onset' | 'steady'
  /** Until the verdict was durable, from the last change that OneTrigger saw + stableFor. */
  readonly verdict: number
  /** Until the request was at the receiver, from the same. */
  readonly request: number
  /** Until the request was at the receiver, from when the provider told of the change + stableFor: also what OneTrigger was late to hear counts. */
  readonly sinceTold: number
}

const stableForMs = 2_000
/** The second that is told at once, what the reads and deliveries that follow from it hold up `stableFor` later, and what is heard late meanwhile. */
const onsetMs = 3_000 + stableForMs
/** What did not come by then is missing. */
export const patienceMs = 60_000

/** Runs one stream of uploads; gives what became of each file, and how many never fired. */
export function streamUploads(
  stream: UploadStream,
): Promise<{ readonly late: readonly Late[]; readonly missing: number }> {
  return withFolder(async (folder) => {
    const [provider, sink] = [await Provider.start(), await Sink.start()]
    const clock = createSystemClock()
    const fired = new Map<string, { readonly path: string; readonly dueAt: number; readonly verdict: number }>()
    const verdicts = new Map<string, number>()
    const limits = { concurrency: 4, perSecond: stream.perSecond }
    const source = { type: 'onedata', options: { host: provider.url, token: { env: 'UNUSED' }, limits } }
    const target = {
      type: 'webhook',
      options: { url: sink.url },
      concurrency: 64,
      timeoutMs: 30_000,
      retry: defaultRetry,
    }
    const running = await startEmbedded(
      aConfig({
        sources: new Map([['onedata', source]]),
        triggers: [aTrigger({ folder: 'in', completion: { stableForMs } })],
        targets: new Map([['webhook', { ...target, perSecond: null, disableAfterMs: null }]]),
        store: { type: 'sqlite', path: join(folder, 'bench.db') },
      }),
      {
        clock,
        random: Math.random,
        log: silentLog,
        secret: fixedSecret(provider.token),
        onProgress: ({ event }) => {
          if (event !== undefined) verdicts.set(event.id, clock.now() - event.evidence.lastChangeAt - stableForMs)
        },
        onDelivery: ({ delivery: { id, event } }) => {
          if (event.kind === 'notice') return
          const dueAt = event.evidence.lastChangeAt + stableForMs
          fired.set(id, { path: event.path, dueAt, verdict: verdicts.get(event.id) ?? Number.NaN })
        },
      },
    )
    const haveFired = (files: number) =>
      until('they have fired', async () => ((await sink.count()) >= files ? true : null), patienceMs, 100).catch(
        () => {},
      )
    while (!running.ready()) await pause(20)
    await provider.upload(stream.rate * stream.warmUp, stream.rate, stream.perDirectory)
    // What a cold process fell behind is none of the warm one's lateness.
    await haveFired(stream.rate * stream.warmUp)
    const warmFrom = clock.now() + stableForMs
    await provider.upload(stream.rate * stream.seconds, stream.rate, stream.perDirectory)
    const files = stream.rate * (stream.warmUp + stream.seconds)
    await haveFired(files)
    const missing = files - (await sink.count())
    await running.close()
    const [times, told] = [await sink.times(), await provider.told()]
    provider.close()
    sink.close()
    const late = [...fired].map(([id, { path, dueAt, verdict }]) => {
      const at = times.get(id) ?? Number.NaN
      const toldAt = told.get(path) ?? Number.NaN
      const part: Late['part'] = dueAt < warmFrom ? 'cold' : dueAt < warmFrom + onsetMs ? 'onset' : 'steady'
      return { part, verdict, request: at - dueAt, sinceTold: at - toldAt - stableForMs }
    })
    return { late: late.filter(({ request }) => !Number.isNaN(request)), missing }
  })
}
