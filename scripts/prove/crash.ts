// Kills OneTrigger again and again, at random and at named points, while files arrive, are overwritten, moved and deleted, and compares what an oracle
// knows was finished with what a receiver got.
//   npm run prove:crash -- --kills 50 --files 2000 --seed 1 --store sqlite --json
// With --split the store writes each commit in two transactions, which is wrong, and the verdict must be bad.

import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { runCrash } from '../../test/e2e/crash/crash.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '50' },
    files: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    store: { type: 'string', default: 'sqlite' },
    split: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
if (values.store !== 'sqlite' && values.store !== 'postgres') throw new Error('--store is sqlite or postgres')
const say = values.json ? console.error : console.log
const splitChild = join(import.meta.dirname, '..', '..', 'test', 'e2e', 'crash', 'split-child.ts')
const splitPoints = ['commit:halved'] as const
const report = await runCrash({
  kills: Number(values.kills),
  files: Number(values.files),
  seed: Number(values.seed),
  store: values.store,
  ...(values.split ? { victim: { program: splitChild }, points: splitPoints } : {}),
  onKill: (kill, { seconds, finished, requests, owed }) => {
    if (kill % 10 === 0)
      say(`${seconds} s: ${kill} kills, ${finished} revisions finished, ${requests} requests, ${owed} owed`)
  },
})
const { kills, seconds, finished, lost, early, twoIds, repeats, inFlight, needless } = report
say(
  `kills by place: ${Object.entries(report.at)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ')}`,
)
for (const [what, list] of Object.entries({ lost, early, twoIds, needless }))
  if (list.length > 0) say(`${what}: ${list.slice(0, 20).join(', ')}`)
say(
  `${kills} kills in ${seconds} s, ${finished} revisions finished: ${lost.length} lost, ${early.length} early, ${twoIds.length} with two ids, ` +
    `${repeats} repeats of ${inFlight} deliveries in flight at the kills, ${needless.length} needless`,
)
if (values.json) console.log(JSON.stringify(report))
process.exit(report.good ? 0 : 1)
