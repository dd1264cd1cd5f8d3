import { amount, flag, readOptions, wholeNumber } from '../options.ts'

const { json, ...options } = readOptions({
  command: 'prove:soak',
  about:
    'Lets OneTrigger work for a long time while receiver and providers fail in turn; it goes from one provider to the other and back, and a second one is ' +
    'killed and stopped beside it: nothing may be lost, and memory and descriptors of the one that is never restarted have to stay flat. Needs Linux.',
  examples: { '--minutes 10 --per-second 15 --seed 2': 'a short one' },
  options: {
    minutes: amount('how long files arrive', 60, 'minutes'),
    perSecond: amount('how many files arrive in a second', 20, 'number'),
    seed: wholeNumber('what is drawn: files and troubles', 1, { least: 0 }),
    json: flag('print the report as JSON, all else on stderr'),
  },
})
// What it runs is loaded when the options are understood, so that help comes at once.
const { runSoak } = await import('../../test/e2e/soak/soak.ts')

const say = json ? console.error : console.log
const mib = (bytes: number) => (bytes / 1_048_576).toFixed(1)
const report = await runSoak({
  ...options,
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
if (json) console.log(JSON.stringify(report))
process.exit(report.good ? 0 : 1)
