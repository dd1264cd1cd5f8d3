import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { runLifecycles } from '../../test/simulation/lifecycles.ts'
import { amount, oneOf, readOptions, wholeNumber } from '../options.ts'

const { files, seed, perSecond, store, mostMegabytes } = readOptions({
  command: 'prove:simulation',
  about:
    'Lets files live in virtual time, in one process, from their first byte to their deletion: provider, source, pipeline, store, dispatcher, target. One ' +
    'seed gives one run. Files are uploaded at once, in pieces or under a temporary name, overwritten and moved; streams are cut, deliveries fail, OneTrigger is restarted.',
  examples: {
    '--files 1000000 --seed 1': 'what it does by itself',
    '--files 100000 --store sqlite': 'fewer, in a store on disk',
  },
  options: {
    files: wholeNumber('how many files live', 1_000_000),
    seed: wholeNumber('the same seed gives the same run, whose digest is printed', 1, { least: 0 }),
    perSecond: amount('how many of them begin in a second of virtual time', 500, 'number'),
    store: oneOf(['memory', 'sqlite'], 'what states and deliveries are kept in', 'memory'),
    mostMegabytes: amount('a larger heap is a failure', 400, 'megabytes'),
  },
})
const megabyte = 1_048_576
const folder = mkdtempSync(join(tmpdir(), 'onetrigger-simulation-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
const path = join(folder, 'onetrigger.db')

const began = performance.now()
const seconds = () => (performance.now() - began) / 1_000
const run = await runLifecycles({
  files,
  seed,
  perSecond,
  ...(store === 'sqlite' ? { createStore: (clock) => openSqliteStore({ path, clock }) } : {}),
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
  `\n${run.lives} lives in ${took.toFixed(0)} s (${(run.lives / took).toFixed(0)} a second), ${(run.virtualMs / 60_000).toFixed(0)} minutes of virtual time, ${store} store`,
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
