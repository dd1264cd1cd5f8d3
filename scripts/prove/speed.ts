// Measures what OneTrigger adds. Provider, OneTrigger and receiver share one process here, so all figures are on the careful side.
//   npm run prove:speed -- --rate 200 --seconds 30 --backlog 50000
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startEmbedded } from '../../src/app/embedded.ts'
import { startDemoReceiver } from '../../src/cli/demo-receiver.ts'
import type { Config } from '../../src/config/config.ts'
import { defaultRetry } from '../../src/core/retry.ts'
import { createSystemClock, sleep } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { fixedSecret } from '../../src/lib/secret.ts'
import { createSimulator } from '../../src/simulator/create-simulator.ts'
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { anEvent, aTrigger } from '../../test/support/builders.ts'
import { seededRandom } from '../../test/support/simulator.ts'

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '30' },
    backlog: { type: 'string', default: '50000' },
  },
})
const [rate, seconds, backlog] = [Number(values.rate), Number(values.seconds), Number(values.backlog)]
const stableForMs = 2_000
const clock = createSystemClock()
const never = new AbortController().signal
const directory = mkdtempSync(join(tmpdir(), 'onetrigger-speed-'))
const simulator = await createSimulator({
  version: '25.0',
  port: 0,
  tls: false,
  spaceName: 'Gamma',
  clock,
  random: seededRandom(1),
  log: silentLog,
})
simulator.model.mkdir('in')

function configOf(name: string, url: string, folder: string): Config {
  const options = { host: simulator.url, token: { env: 'UNUSED' }, limits: { concurrency: 4, perSecond: 100 } }
  const target = {
    type: 'webhook',
    options: { url },
    concurrency: 64,
    timeoutMs: 30_000,
    retry: defaultRetry,
    perSecond: null,
    disableAfterMs: null,
  }
  return {
    sources: new Map([['onedata', { type: 'onedata', options }]]),
    triggers: [aTrigger({ folder, completion: { stableForMs } })],
    targets: new Map([['webhook', target]]),
    notices: { deliver: [], events: [] },
    renamedFrom: new Map(),
    store: { type: 'sqlite', path: join(directory, `${name}.db`) },
    listen: null,
    log: { level: 'warn', format: 'json' },
    exitAfterFailures: null,
  }
}

const deps = { clock, random: Math.random, log: silentLog, secret: fixedSecret(simulator.token) }

/** Files finish on a timetable, whatever OneTrigger does meanwhile. */
async function overhead(): Promise<void> {
  const receiver = await startDemoReceiver(() => performance.timeOrigin + performance.now())
  const added: number[] = []
  const due = new Map<string, number>()
  const running = await startEmbedded(configOf('overhead', receiver.url, 'in'), {
    ...deps,
    onProgress: () => {},
    onDelivery: ({ delivery: { id, event } }) => {
      if (event.kind !== 'notice') due.set(id, event.evidence.lastChangeAt + stableForMs)
    },
  })
  while (!running.ready()) await sleep(clock, 20, never)
  const began = clock.now()
  for (let index = 0; index < rate * seconds; index++) {
    const at = began + (index * 1_000) / rate
    if (at > clock.now()) await sleep(clock, at - clock.now(), never)
    simulator.model.create(`in/file-${index}`, 1_000)
  }
  while (receiver.received.length < rate * seconds) await sleep(clock, 50, never)
  await running.close()
  await receiver.close()
  for (const { id, at } of receiver.received) added.push(at - (due.get(id) ?? Number.NaN))
  const sorted = added.toSorted((a, b) => a - b)
  const percentile = (share: number) => sorted[Math.floor(sorted.length * share)]?.toFixed(1)
  console.log(
    `${rate} files/s for ${seconds} s: request minus (last change + stableFor) p50 ${percentile(0.5)} ms, p99 ${percentile(0.99)} ms, worst ${sorted.at(-1)?.toFixed(1)} ms`,
  )
}

/** A full outbox on disk, and nothing but its deliveries to do. */
async function saturated(): Promise<void> {
  const receiver = await startDemoReceiver(() => clock.now())
  const config = configOf('saturated', receiver.url, 'none')
  const store = await openSqliteStore({ path: join(directory, 'saturated.db'), clock })
  for (let start = 0; start < backlog; start += 1_000) {
    const events = Array.from({ length: 1_000 }, (_, index) => {
      const number = start + index
      return {
        event: anEvent({ id: `evt_${number}`, fileId: `f${number}`, path: `in/${number}` }),
        targets: ['webhook'],
      }
    })
    await store.commit({ watch: { source: 'x', spaceId: 'x' }, epoch: 1, states: [], forget: [], events })
  }
  await store.close()
  const began = performance.now()
  const running = await startEmbedded(config, { ...deps, onProgress: () => {}, onDelivery: () => {} })
  while (receiver.received.length === 0) await sleep(clock, 1, never)
  const first = performance.now() - began
  while (receiver.received.length < backlog) await sleep(clock, 10, never)
  const took = performance.now() - began
  await running.close()
  await receiver.close()
  console.log(
    `${backlog} owed deliveries: the first after ${first.toFixed(0)} ms, all at ${Math.round((backlog / took) * 1_000)} per second`,
  )
}

await overhead()
await saturated()
await simulator.close()
rmSync(directory, { recursive: true, force: true })
process.exit(0)
