// Kills OneTrigger again and again while a burst of files arrives, and compares what an oracle knows was finished with what a receiver got.
//   npm run prove:crash -- --kills 50 --files 2000 --seed 1
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startDemoReceiver } from '../../src/cli/demo-receiver.ts'
import { type FinishedRevision, judge } from '../../src/cli/demo-verdict.ts'
import { createSystemClock, sleep } from '../../src/lib/clock.ts'
import { seededRandom } from '../../test/support/simulator.ts'
import { startSimulated } from '../simulated.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '50' },
    files: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
  },
})
const [kills, files, seed] = [Number(values.kills), Number(values.files), Number(values.seed)]
const clock = createSystemClock()
const random = seededRandom(seed)
const never = new AbortController().signal
const directory = mkdtempSync(join(tmpdir(), 'onetrigger-crash-'))
const main = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts')

const delays = { sizeFlushMs: 100, timesFlushMs: 100, pollMs: 20 }
const simulator = await startSimulated(clock, { random, delays })
const receiver = await startDemoReceiver(() => clock.now())

const args = ['run', '-H', simulator.url, '-s', 'Gamma', '-f', 'in', '-w', receiver.url]
const quick = ['--store', join(directory, 'onetrigger.db'), '--stable-for', '1s', '--reconcile-interval', '5s']
const env = { ...process.env, ONEDATA_ACCESS_TOKEN: simulator.token }

function start() {
  const child = spawn(process.execPath, [main, ...args, ...quick], { env, stdio: ['ignore', 'ignore', 'pipe'] })
  let log = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text
  })
  return { child, log: () => log }
}

const finished: FinishedRevision[] = []

/** Each file is written in two steps; it is finished at the second. */
async function burst(overMs: number): Promise<void> {
  const pauseMs = overMs / files
  for (let index = 0; index < files; index++) {
    const path = `in/file-${String(index).padStart(6, '0')}.dat`
    simulator.model.create(path, 1 + Math.floor(random() * 1_000))
    void sleep(clock, 300, never).then(() => {
      simulator.model.write(path, 1_000)
      simulator.model.sync(path)
      const stat = simulator.model.stat(path)
      if (stat !== null)
        finished.push({ path, fileId: stat.fileId, size: stat.size, mtime: stat.mtime, finishedAt: clock.now() })
    })
    if (index % 10 === 9) await sleep(clock, pauseMs * 10, never)
  }
}

// The baseline is done once by an undisturbed run, so that every file of the burst is one that has to fire.
let running = start()
while (!running.log().includes('the first listing is done')) await sleep(clock, 20, never)
const began = clock.now()
const lifeMs = 900
const writing = burst(kills * lifeMs * 0.8)
for (let kill = 1; kill <= kills; kill++) {
  await sleep(clock, random() * 2 * lifeMs, never)
  running.child.kill('SIGKILL')
  await once(running.child, 'close')
  running = start()
  if (kill % 10 === 0)
    console.log(`${kill} kills, ${finished.length} files finished, ${receiver.received.length} requests`)
}
await writing
await sleep(clock, 500, never)

const names = { trigger: 'default', spaceId: simulator.space.id, target: 'webhook' }
const deadline = clock.now() + 120_000
while (judge(finished, receiver.received, names).lost.length > 0 && clock.now() < deadline)
  await sleep(clock, 200, never)
await sleep(clock, 2_000, never)
running.child.kill('SIGTERM')
await once(running.child, 'close')

const verdict = judge(finished, receiver.received, names)
const ids = new Map<string, Set<string>>()
for (const { key, id } of receiver.received) ids.set(key, (ids.get(key) ?? new Set()).add(id))
const twoIds = [...ids].filter(([, set]) => set.size > 1).map(([key]) => key)
const seconds = ((clock.now() - began) / 1_000).toFixed(0)
console.log(
  `${kills} kills in ${seconds} s, ${finished.length} files finished: ${verdict.lost.length} lost, ${verdict.early.length} early, ` +
    `${twoIds.length} with two ids, ${verdict.doubled.length} repeats (each with the id it had)`,
)
await receiver.close()
await simulator.close()
rmSync(directory, { recursive: true, force: true })
process.exit(verdict.lost.length + verdict.early.length + twoIds.length === 0 ? 0 : 1)
