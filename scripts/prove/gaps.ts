import { fork } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { withoutReconcile } from '../../test/simulation/gaps/deaf-source.ts'
import { playScenario } from '../../test/simulation/gaps/play.ts'
import { scenarioOf, smallestFailing } from '../../test/simulation/gaps/search.ts'
import { add, emptyTally, type Tally, tallyOf } from '../../test/simulation/gaps/tally.ts'
import { flag, internal, readOptions, wholeNumber } from '../options.ts'

/** A seed of fast-check has 32 bits, one of them for the sign: the same scenario would come again under another number. */
const mostScenario = 2_147_483_647
/** From one SEED to the next. */
const scenariosEach = 1_000_000

const { scenarios, seed, scenario, workers, ...options } = readOptions({
  command: 'prove:gaps',
  about:
    'Plays scenarios that fast-check makes up (cuts, lost and spoiled events, outages, fail-over, moved directories, lost rights, downtime) in virtual ' +
    'time, and compares what OneTrigger reported with what was finished, and what it asked of providers with what it may (test/simulation/gaps/calls.ts).',
  examples: {
    '--scenarios 10000 --seed 1': 'ten times as many',
    '--scenario 1000042': 'one of them again, with a trace; made smaller where it fails',
    '--scenarios 100 --without-reconcile': 'shows that a defect is found: the verdict must be bad',
  },
  options: {
    scenarios: wholeNumber('how many are played', 1_000),
    seed: wholeNumber('where they begin: the first is SEED times a million', 1, {
      least: 0,
      most: Math.floor(mostScenario / scenariosEach),
    }),
    scenario: wholeNumber('play this one only', undefined, { least: 0, most: mostScenario }),
    workers: wholeNumber('how many processes share the work', Math.min(availableParallelism(), 8)),
    withoutReconcile: flag('let nothing repair what a stream misses'),
    share: internal('which scenarios a process plays: first/count/step'),
  },
})
const defect = options.withoutReconcile ? { throughSource: withoutReconcile } : {}

if (scenario !== undefined) await replay(scenario)
else if (options.share !== undefined) await playForParent(options.share)
else await playAll(scenarios, seed * scenariosEach)

async function replay(seed: number): Promise<void> {
  const scenario = (await smallestFailing(seed, defect)) ?? scenarioOf(seed)
  console.log(JSON.stringify(scenario, null, 1))
  const show = (line: string) => console.log(line)
  const { problems, calls } = await playScenario(scenario, { seed, show, ...defect })
  console.log(JSON.stringify(calls))
  for (const problem of problems) console.log(problem)
  console.log(problems.length === 0 ? 'all is as it must be' : `FAILED: ${problems.length} problems`)
  process.exitCode = problems.length === 0 ? 0 : 1
}

async function playAll(scenarios: number, first: number): Promise<void> {
  const began = performance.now()
  const shares = Array.from({ length: workers }, (_, index) => {
    const count = Math.ceil((scenarios - index) / workers)
    return playElsewhere(`${first + index}/${count}/${workers}`)
  })
  const tally = (await Promise.all(shares)).reduce(add, emptyTally)
  report(tally, (performance.now() - began) / 1_000)
  const [worst] = tally.failed.toSorted((a, b) => a - b)
  if (worst === undefined) return
  process.exitCode = 1
  if (options.withoutReconcile) return
  console.log(
    `the first of them, made smaller (npm run prove:gaps -- --scenario ${worst} plays it again, with a trace):`,
  )
  console.log(JSON.stringify(await smallestFailing(worst, defect)))
}

/** A process of its own: one has one thread. */
async function playElsewhere(share: string): Promise<Tally> {
  const child = fork(import.meta.filename, [
    '--share',
    share,
    ...(options.withoutReconcile ? ['--without-reconcile'] : []),
  ])
  let tally: Tally | null = null
  // Our own message.
  child.on('message', (message) => {
    tally = message as Tally
  })
  await once(child, 'close')
  if (tally === null) throw new Error(`the process for the share ${share} ended without an answer`)
  return tally
}

async function playForParent(share: string): Promise<void> {
  // Without the parent nobody hears what it comes to.
  process.on('disconnect', () => process.exit())
  const tally = await playShare(share)
  process.send?.(tally, () => process.exit())
}

async function playShare(share: string): Promise<Tally> {
  const [first = 0, count = 0, step = 1] = share.split('/').map(Number)
  let tally = emptyTally
  for (let index = 0; index < count; index++) {
    const seed = first + index * step
    const scenario = scenarioOf(seed)
    const played = await playScenario(scenario, { seed, ...defect })
    for (const problem of played.problems) console.log(`scenario ${seed} (${scenario.setting.via}): ${problem}`)
    tally = add(tally, tallyOf(seed, scenario, played))
  }
  return tally
}

function report(
  { scenarios, failed, expected, received, virtualMs, changes, calls, ways }: Tally,
  seconds: number,
): void {
  const perWay = Object.entries(ways).map(([way, count]) => `${way} ${count}`)
  console.log(
    `${scenarios} scenarios (${perWay.join(', ')}), ${(virtualMs / 3_600_000).toFixed(0)} hours of virtual time, in ${seconds.toFixed(0)} s`,
  )
  console.log(
    `${expected} versions were there at the end and had to be received; ${received} events were received in all`,
  )
  console.log(
    `${changes} changes of files cost ${calls.reads} reads; ${calls.answered} requests in all: ${calls.pages} pages, ${calls.listings} listings, ${calls.streams} streams, ${calls.openings} openings`,
  )
  console.log(
    failed.length === 0
      ? 'verdict: nothing lost, early or twice; no request too many'
      : `verdict: ${failed.length} scenarios FAILED`,
  )
}
