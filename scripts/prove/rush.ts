import { join } from 'node:path'
import { flag, oneOf, readOptions, wholeNumber } from '../options.ts'
import { tellKill, tellReport } from './crash-words.ts'

const { json, hasty, ...options } = readOptions({
  command: 'prove:rush',
  about:
    'Kills OneTrigger again and again, at random and at named points, while it works off a full outbox as fast as it goes, and compares what was owed ' +
    'with what a receiver got. Requests are made by a thread then; prove:crash sees files arrive instead.',
  examples: {
    '--kills 20 --per-life 8000 --seed 1': 'what it does by itself',
    '--kills 100 --store postgres': 'more, on PostgreSQL',
  },
  options: {
    kills: wholeNumber('how often it is killed', 20),
    perLife: wholeNumber('how many deliveries are owed for each life', 8_000, { least: 4_000 }),
    seed: wholeNumber('what is drawn: points and times to kill at', 1, { least: 0 }),
    store: oneOf(['sqlite', 'postgres'], 'what it keeps its state in', 'sqlite'),
    hasty: flag('take each request for answered as soon as the thread has it, which is wrong: the verdict must be bad'),
    json: flag('print the report as JSON, all else on stderr'),
  },
})
// What it runs is loaded when the options are understood, so that help comes at once.
const { runRush } = await import('../../test/e2e/crash/rush.ts')
const say = json ? console.error : console.log
const program = join(import.meta.dirname, '..', '..', 'test', 'e2e', 'crash', 'hasty-child.ts')
const report = await runRush({ ...options, ...(hasty ? { victim: { program } } : {}), onKill: tellKill(say) })
tellReport(report, say)
if (json) console.log(JSON.stringify(report))
process.exit(report.good ? 0 : 1)
