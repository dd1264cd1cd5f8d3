import { flag, readOptions, wholeNumber } from '../options.ts'

const { cuts, files, seed, json } = readOptions({
  command: 'prove:power',
  about:
    'Cuts the power again and again while files arrive: a disk then loses what it was not asked to keep (all of it, or any of its sectors). First with ' +
    'all that OneTrigger syncs, then without its syncs of the log, then without any, which shows what they buy. Needs Linux and gcc.',
  examples: { '--cuts 50 --files 1500 --seed 1': 'what it does by itself' },
  options: {
    cuts: wholeNumber('how often the power is cut; with fewer syncs at most 10 times', 50),
    files: wholeNumber('how many files arrive', 1_500),
    seed: wholeNumber('what is drawn: files, cuts and what they take', 1, { least: 0 }),
    json: flag('print the reports as JSON, all else on stderr'),
  },
})
// What it runs is loaded when the options are understood, so that help comes at once.
const { runPower } = await import('../../test/e2e/power/power.ts')

const say = json ? console.error : console.log
const reports = []
const labels = { nothing: 'as it is', log: 'without the sync after each commit', all: 'without any sync' }
for (const unsynced of ['nothing', 'log', 'all'] as const) {
  const few = unsynced === 'nothing' ? cuts : Math.min(cuts, 10)
  const report = await runPower({
    cuts: few,
    files: Math.ceil((files * few) / cuts),
    seed,
    unsynced,
    onCut: (cut, taken) => cut % 10 === 0 && say(`${labels[unsynced]}: cut ${cut} took ${taken}`),
  })
  reports.push(report)
  const { finished, lost, early, twoIds, repeats, inFlight, needless, sectors, damage } = report
  say(
    `${labels[unsynced]}: ${report.cuts} cuts took ${sectors} sectors and ${report.files} files; of ${finished} revisions ${lost.length} lost, ` +
      `${early.length} early, ${twoIds.length} with two ids, ${repeats} repeats of ${inFlight} in flight at the cuts, ${needless.length} needless` +
      `${damage === null ? '' : `; the database did not survive: ${damage}`}`,
  )
}
if (json) console.log(JSON.stringify(reports))
// Less has to show harm: else this run shows nothing.
const [asItIs, ...weaker] = reports
process.exit(asItIs?.good === true && weaker.every(({ good }) => !good) ? 0 : 1)
