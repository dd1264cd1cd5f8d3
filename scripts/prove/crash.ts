import { join } from 'node:path'
import { flag, oneOf, readOptions, wholeNumber } from '../options.ts'
import { tellKill, tellReport } from './crash-words.ts'

const { json, split, ...options } = readOptions({
  command: 'prove:crash',
  about:
    'Kills OneTrigger again and again, at random and at named points, while files arrive, are overwritten, moved and deleted, and compares what an ' +
    'oracle knows was finished with what a receiver got.',
  examples: {
    '--kills 50 --files 2000 --seed 1': 'what it does by itself',
    '--kills 22 --files 660 --store postgres': 'the same on PostgreSQL',
  },
  options: {
    kills: wholeNumber('how often it is killed', 50),
    files: wholeNumber('how many files arrive', 2_000),
    seed: wholeNumber('what is drawn: files, and points to kill at', 1, { least: 0 }),
    store: oneOf(['sqlite', 'postgres'], 'what it keeps its state in', 'sqlite'),
    split: flag('write each commit in two transactions, which is wrong: the verdict must be bad'),
    json: flag('print the report as JSON, all else on stderr'),
  },
})
// What it runs is loaded when the options are understood, so that help comes at once.
const { runCrash } = await import('../../test/e2e/crash/crash.ts')
const say = json ? console.error : console.log
const splitChild = join(import.meta.dirname, '..', '..', 'test', 'e2e', 'crash', 'split-child.ts')
const splitPoints = ['commit:halved'] as const
const report = await runCrash({
  ...options,
  ...(split ? { victim: { program: splitChild }, points: splitPoints } : {}),
  onKill: tellKill(say),
})
tellReport(report, say)
if (json) console.log(JSON.stringify(report))
process.exit(report.good ? 0 : 1)
