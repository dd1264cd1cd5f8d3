// Lets OneTrigger work for a long time while receiver and providers fail in turn; it goes from one provider to the other and back, and a second one is
// killed and stopped beside it: nothing may be lost, and memory and descriptors of the one that is never restarted have to stay flat. Needs Linux.
//   npm run prove:soak -- --minutes 60 --per-second 20 --seed 1 --json
import { parseArgs } from 'node:util'
import { runSoak } from '../../test/e2e/soak/soak.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    'per-second': { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
})
const say = values.json ? console.error : console.log
const mib = (bytes: number) => (bytes / 1_048_576).toFixed(1)
const report = await runSoak({
  minutes: Number(values.minutes),
  perSecond: Number(values['per-second']),
  seed: Number(values.seed),
  onMeasured: ({ seconds, finished, requests, owed, troubles, rss, heap, descriptors }) =>
    say(
      `${seconds} s: ${finished} revisions finished, ${requests} requests, ${owed} owed, ${troubles} troubles; ` +
        `RSS ${mib(rss)} MiB, heap ${mib(heap)} MiB, ${descriptors} descriptors`,
    ),
})
for (const who of ['steady', 'restless'] as const) {
  const { finished, lost, early, twoIds, repeats } = report[who]
  for (const [what, list] of Object.entries({ lost, early, twoIds }))
    if (list.length > 0) say(`${who}, ${what}: ${list.slice(0, 20).join(', ')}`)
  say(
    `${who}: ${finished} revisions finished: ${lost.length} lost, ${early.length} early, ${twoIds.length} with two ids, ${repeats} repeats`,
  )
}
const { growth, tooMuch } = report
say(
  `after the warm-up RSS grew by ${mib(growth.rss)} MiB, the heap by ${mib(growth.heap)} MiB, descriptors by ${growth.descriptors.toFixed(1)}: ` +
    (tooMuch.length === 0 ? 'flat' : `too much: ${tooMuch.join(', ')}`),
)
if (values.json) console.log(JSON.stringify(report))
process.exit(report.good ? 0 : 1)
