// Lets files live in virtual time, in one process, from their first byte to their deletion: provider, source, pipeline, store, dispatcher, target. One
// seed gives one run. Files are uploaded at once, in pieces or under a temporary name, overwritten and moved; streams are cut, deliveries fail.
//   npm run prove:simulation -- --files 1000000 --seed 1
//   npm run prove:simulation -- --files 100000 --store sqlite
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { runLifecycles } from '../../test/simulation/lifecycles.ts'

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    'per-second': { type: 'string', default: '500' },
    store: { type: 'string', default: 'memory' },
    'most-megabytes': { type: 'string', default: '400' },
  },
})
const [files, mostMegabytes] = [Number(values.files), Number(values['most-megabytes'])]
const megabyte = 1_048_576
const folder = mkdtempSync(join(tmpdir(), 'onetrigger-simulation-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
const path = join(folder, 'onetrigger.db')

const began = performance.now()
const seconds = () => (performance.now() - began) / 1_000
const run = await runLifecycles({
  files,
  seed: Number(values.seed),
  perSecond: Number(values['per-second']),
  ...(values.store === 'sqlite' ? { createStore: (clock) => openSqliteStore({ path, clock }) } : {}),
  onMinute: (lives, held) => {
    const line = `\r${lives} lives, ${(held / megabyte).toFixed(0)} MB, ${seconds().toFixed(0)} s `
    if (process.stderr.isTTY) process.stderr.write(line)
  },
})
const took = seconds()
const peak = Math.max(0, ...run.heapBytes) / megabyte
const problems = [
  ...run.problems,
  ...(run.lives === files ? [] : [`${files - run.lives} files are not through`]),
  ...(peak <= mostMegabytes ? [] : [`${peak.toFixed(0)} MB were held, more than ${mostMegabytes}`]),
]
console.log(
  `\n${run.lives} lives in ${took.toFixed(0)} s (${(run.lives / took).toFixed(0)} a second), ${(run.virtualMs / 60_000).toFixed(0)} minutes of virtual time, ${values.store} store`,
)
console.log(
  `${run.finished} versions finished, ${run.received} events received; at most ${peak.toFixed(0)} MB of heap were held`,
)
console.log(`trace ${run.digest}`)
for (const problem of problems) console.log(problem)
console.log(
  problems.length === 0 ? 'verdict: each version received once, under its one id, never early' : 'verdict: FAILED',
)
process.exitCode = problems.length === 0 ? 0 : 1
