import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundleFunction } from '../lambda/bundle.ts'
import { readOptions, wholeNumber } from '../options.ts'
import { proveLambda } from './lambda-crashes.ts'

const { crashes, seed } = readOptions({
  command: 'prove:lambda',
  about:
    'Kills runs of the scheduled function at random points while files arrive, each run as Lambda would make it, and compares what an oracle knows was ' +
    'finished with what a receiver got. A minute lies between two runs, by the clock of the function.',
  examples: { '--crashes 200 --seed 1': 'what it does by itself' },
  options: {
    crashes: wholeNumber('how many runs are killed', 200),
    seed: wholeNumber('what is drawn: files, and points to kill at', 1, { least: 0 }),
  },
})
const folder = mkdtempSync(join(tmpdir(), 'onetrigger-lambda-'))
try {
  await bundleFunction(folder)
  const result = await proveLambda({ folder, crashes, seed, say: console.log })
  const { finished, lost, early, twoIds, repeats, needless, runs, points } = result
  console.log(
    `${crashes} crashes in ${runs} runs, ${finished} files finished: ${lost} lost, ${early} early, ${twoIds} with two ids, ` +
      `${repeats} repeats (each with the id it had), ${needless} of them when nothing was in flight any more`,
  )
  console.log(
    `crashes fell while a run was: ${Object.entries(points)
      .map(([what, count]) => `${what} ${count}`)
      .join(', ')}`,
  )
  // Both sides of a request to the store were tried.
  const missing = ['before', 'after'].filter((side) => !Object.keys(points).some((point) => point.startsWith(side)))
  if (missing.length > 0) console.log(`no run was killed ${missing.join(' nor ')} a request to the store`)
  process.exitCode = lost + early + twoIds + needless + missing.length === 0 ? 0 : 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
