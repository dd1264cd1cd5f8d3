// What OneTrigger adds to the quiet period: request at the receiver minus (last change seen + stableFor), at a steady rate of uploads (open loop).
// Provider and receiver are processes of their own. The first seconds, in which everything is compiled and connected, are told apart.
//   npm run bench:overhead -- --rate 200 --seconds 20 --per-second 100
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startEmbedded } from '../../src/app/embedded.ts'
import { defaultRetry } from '../../src/core/retry.ts'
import { createSystemClock, sleep } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { fixedSecret } from '../../src/lib/secret.ts'
import { aTrigger } from '../../test/support/builders.ts'
import { Provider, percentiles, Sink } from './children.ts'

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '20' },
    'warm-up': { type: 'string', default: '5' },
    'per-second': { type: 'string', default: '20' },
    'per-directory': { type: 'string', default: '100000' },
  },
})
const [rate, seconds, warmUp] = [Number(values.rate), Number(values.seconds), Number(values['warm-up'])]
const stableForMs = 2_000
const clock = createSystemClock()
const never = new AbortController().signal
const directory = mkdtempSync(join(tmpdir(), 'onetrigger-bench-'))
const [provider, sink] = [await Provider.start(), await Sink.start()]
const due = new Map<string, number>()
const fired: (readonly [due: number, late: number])[] = []
const limits = { concurrency: 4, perSecond: Number(values['per-second']) }
const target = { type: 'webhook', options: { url: sink.url }, concurrency: 64, timeoutMs: 30_000, retry: defaultRetry }
const running = await startEmbedded(
  {
    sources: new Map([
      ['onedata', { type: 'onedata', options: { host: provider.url, token: { env: 'UNUSED' }, limits } }],
    ]),
    triggers: [aTrigger({ folder: 'in', completion: { stableForMs } })],
    targets: new Map([['webhook', { ...target, perSecond: null, disableAfterMs: null }]]),
    notices: { deliver: [], events: [] },
    egress: { deny: [] },
    renamedFrom: new Map(),
    store: { type: 'sqlite', path: join(directory, 'bench.db') },
    listen: null,
    log: { level: 'warn', format: 'json' },
    exitAfterFailures: null,
  },
  {
    clock,
    random: Math.random,
    log: silentLog,
    secret: fixedSecret(provider.token),
    onProgress: ({ event }) => {
      if (event === undefined) return
      const at = event.evidence.lastChangeAt + stableForMs
      fired.push([at, clock.now() - at])
    },
    onDelivery: ({ delivery: { id, event } }) => {
      if (event.kind !== 'notice') due.set(id, event.evidence.lastChangeAt + stableForMs)
    },
  },
)
while (!running.ready()) await sleep(clock, 20, never)
const perDirectory = Number(values['per-directory'])
await provider.upload(rate * warmUp, rate, perDirectory)
const warmFrom = clock.now() + stableForMs
await provider.upload(rate * seconds, rate, perDirectory)
while ((await sink.count()) < rate * (warmUp + seconds)) await sleep(clock, 100, never)
await running.close()
const times = await sink.times()
const arrived = [...due].map(([id, at]) => [at, (times.get(id) ?? Number.NaN) - at] as const)
const after = (all: typeof fired) => percentiles(all.flatMap(([at, late]) => (at >= warmFrom ? [late] : [])))
console.log(`${rate} files/s for ${seconds} s, at most ${limits.perSecond} requests/s to the provider`)
console.log(`  until the verdict is durable: ${after(fired)}`)
console.log(`  until the request is there:   ${after(arrived)}`)
console.log(`  the same with the first ${warmUp} s: ${percentiles(arrived.map(([, late]) => late))}`)
provider.close()
sink.close()
rmSync(directory, { recursive: true, force: true })
process.exit(0)
