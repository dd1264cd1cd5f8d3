import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startDemoReceiver } from '../../src/cli/demo-receiver.ts'
import { type FinishedRevision, judge } from '../../src/cli/demo-verdict.ts'
import { createSystemClock, sleep } from '../../src/lib/clock.ts'
import { startPostgres } from '../../test/postgres/server.ts'
import { type OneTriggerProcess, spawnOneTrigger } from '../../test/support/onetrigger.ts'
import { seededRandom } from '../../test/support/simulator.ts'
import { amount, readOptions, wholeNumber } from '../options.ts'
import { startSimulated } from '../simulated.ts'

const { kills, rate, seed } = readOptions({
  command: 'prove:failover',
  about:
    'Kills the replica that watches, again and again, while files arrive; compares what an oracle knows was finished with what a receiver got, and prints ' +
    'how long each change took. Needs PostgreSQL.',
  examples: { '--kills 20 --rate 20 --seed 1': 'what it does by itself' },
  options: {
    kills: wholeNumber('how often it is killed', 20),
    rate: amount('how many files arrive in a second', 20, 'number'),
    seed: wholeNumber('what is drawn: files and pauses', 1, { least: 0 }),
  },
})
const clock = createSystemClock()
const random = seededRandom(seed)
const never = new AbortController().signal
const directory = mkdtempSync(join(tmpdir(), 'onetrigger-failover-'))
const limitMs = 10_000
/** Attempts of the default target at once: what a kill may find in flight, and what may come again. */
const mostInFlight = 16

const postgres = await startPostgres(15)
const delays = { sizeFlushMs: 100, timesFlushMs: 100, pollMs: 20 }
const simulator = await startSimulated(clock, { random, delays })
const receiver = await startDemoReceiver(() => clock.now())
const config = join(directory, 'onetrigger.yaml')
writeFileSync(
  config,
  JSON.stringify({
    sources: { onedata: { type: 'onedata', host: simulator.url, token: { env: 'TOKEN' }, reconcileInterval: '30s' } },
    triggers: {
      default: {
        watch: { source: 'onedata', space: 'Gamma', folder: 'in' },
        completion: { stableFor: '1s' },
        deliver: ['webhook'],
      },
    },
    targets: { webhook: { type: 'webhook', url: receiver.url } },
    store: { type: 'postgres', url: { env: 'DATABASE_URL' } },
  }),
)
const env = { TOKEN: simulator.token, DATABASE_URL: postgres.url }
const replica = () => spawnOneTrigger(['run', '--config', config], env)

async function until(what: string, is: () => boolean, timeoutMs: number): Promise<void> {
  const deadline = clock.now() + timeoutMs
  while (!is()) {
    if (clock.now() > deadline) throw new Error(`timed out after ${timeoutMs} ms waiting until ${what}`)
    await sleep(clock, 5, never)
  }
}
const says = ({ stderr }: OneTriggerProcess, text: string) => stderr.some((line) => line.includes(text))

const finished: FinishedRevision[] = []
const stopped = new AbortController()
/** Each file is written in two steps; it is finished at the second. */
async function upload(): Promise<void> {
  for (let index = 0; !stopped.signal.aborted; index++) {
    const path = `in/${Math.floor(index / 1_000)}/file-${String(index).padStart(6, '0')}.dat`
    if (index % 1_000 === 0) simulator.model.mkdir(`in/${index / 1_000}`)
    simulator.model.create(path, 1 + Math.floor(random() * 1_000))
    void sleep(clock, 200, never).then(() => {
      simulator.model.write(path, 1_000)
      simulator.model.sync(path)
      const stat = simulator.model.stat(path)
      if (stat === null) return
      finished.push({ path, fileId: stat.fileId, size: stat.size, mtime: stat.mtime, finishedAt: clock.now() })
    })
    await sleep(clock, 1_000 / rate, never)
  }
}

let leader = replica()
await until('the first one watches', () => says(leader, 'the first listing is done'), 20_000)
let standby = replica()
await until('the second stands by', () => says(standby, 'standing by'), 20_000)
const began = clock.now()
const writing = upload()
const takeOvers: number[] = []
console.log('kill  at s  watched again after s  delivered again after s  finished  requests')
for (let kill = 1; kill <= kills; kill++) {
  await sleep(clock, 500 + random() * 2_000, never)
  const killedAt = clock.now()
  leader.child.kill('SIGKILL')
  await leader.ended
  const heir = standby
  await until('the other one watches', () => says(heir, 'this process watches the space now'), 2 * limitMs)
  const tookMs = clock.now() - killedAt
  takeOvers.push(tookMs)
  const since = (received: { readonly at: number }) => received.at >= killedAt + tookMs
  await until('it delivers', () => receiver.received.some(since), 60_000)
  const deliveredMs = (receiver.received.find(since)?.at ?? Number.NaN) - killedAt
  const row = [kill, (killedAt - began) / 1_000, tookMs / 1_000, deliveredMs / 1_000].map((each, index) =>
    index === 0 ? String(each).padStart(4) : each.toFixed(1).padStart([4, 6, 22, 24][index] ?? 0),
  )
  console.log(`${row.join(' ')} ${String(finished.length).padStart(9)} ${String(receiver.received.length).padStart(9)}`)
  leader = heir
  standby = replica()
  const next = standby
  await until('the new one stands by', () => says(next, 'standing by'), 20_000)
}
stopped.abort()
await writing
await sleep(clock, 500, never)

const names = { trigger: 'default', spaceId: simulator.space.id, target: 'webhook' }
const deadline = clock.now() + 120_000
while (judge(finished, receiver.received, names).lost.length > 0 && clock.now() < deadline)
  await sleep(clock, 500, never)
await sleep(clock, 2_000, never)
for (const each of [leader, standby]) {
  each.child.kill('SIGTERM')
  await each.ended
}

const verdict = judge(finished, receiver.received, names)
const ids = new Map<string, Set<string>>()
for (const { key, id } of receiver.received) ids.set(key, (ids.get(key) ?? new Set()).add(id))
const twoIds = [...ids.values()].filter((set) => set.size > 1)
const sorted = takeOvers.toSorted((a, b) => a - b)
const slowestMs = sorted.at(-1) ?? 0
console.log(
  `${kills} kills of the one that watched, ${finished.length} files finished: ${verdict.lost.length} lost, ${verdict.early.length} early, ` +
    `${twoIds.length} with two ids, ${verdict.doubled.length} repeats (each with the id it had)`,
)
console.log(
  `watched again after ${((sorted[Math.floor(sorted.length / 2)] ?? 0) / 1_000).toFixed(1)} s (median), ${(slowestMs / 1_000).toFixed(1)} s (slowest)`,
)
await receiver.close()
await simulator.close()
await postgres.close()
rmSync(directory, { recursive: true, force: true })
const isRight = verdict.lost.length + verdict.early.length + twoIds.length === 0
process.exit(isRight && verdict.doubled.length <= kills * mostInFlight && slowestMs <= limitMs ? 0 : 1)
