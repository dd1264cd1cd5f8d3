import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createSystemClock } from '../../src/lib/clock.ts'
import { flag, readOptions, someOf, wholeNumber } from '../options.ts'
import type { Measurement, Scale, Values } from './measurement.ts'
import { measurements } from './measurements.ts'
import { installPackage } from './package.ts'
import { brokenBounds, plainTable, renderPage } from './page.ts'
import { plots } from './plots.ts'
import { load, machine, type Result, readResults } from './results.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const page = join(root, 'docs', 'benchmarks.md')
const folder = join(root, 'docs', 'benchmarks')
const results = join(folder, 'results.json')
/** Nothing may hang for ever; the slowest measurement takes a fifth of it. */
const mostMs = 3_600_000

const options = readOptions({
  command: 'bench',
  about:
    'Measures everything that docs/benchmarks.md tells, each in processes of its own, and writes it there: results.json, the plots and the generated part ' +
    'of the page.',
  examples: {
    '': 'all, 5 runs',
    '--only scan,idle': 'some of it; what was measured before stays',
    '--quick': 'small sizes, one run, to look at; writes nothing',
    '--quick --check': 'what CI asserts: amounts and counts that hold on any machine',
  },
  options: {
    runs: wholeNumber('how often each is measured (default: 5, and 1 with --quick or --check)', undefined),
    only: someOf(
      measurements.map(({ name }) => name),
      'measure these instead of all, with commas between',
    ),
    quick: flag('small sizes; writes nothing'),
    check: flag('still smaller ones, and assert what must hold on any machine; writes nothing'),
    page: flag('measure nothing, and write the page anew from what was measured'),
  },
})
const { only } = options
const scale: Scale = options.check ? 'check' : options.quick ? 'quick' : 'full'
const runs = options.runs ?? (scale === 'full' ? 5 : 1)

if (options.page) write(readResults(results))
else await measureAll(chosen())

function chosen(): readonly Measurement[] {
  return measurements.filter(({ name, sizes }) => sizes[scale] !== undefined && (only?.includes(name) ?? true))
}

async function measureAll(wanted: readonly Measurement[]): Promise<void> {
  if (scale === 'full') {
    const seconds = wanted.reduce((sum, each) => sum + each.seconds(runs), 0)
    console.log(`${wanted.length} measurements, ${runs} runs: about ${Math.ceil(seconds / 60)} minutes`)
  }
  process.env.ONETRIGGER_BENCH_PROGRAM = installPackage()
  const measured: Result[] = []
  for (const measurement of wanted) {
    const result = await measure(measurement)
    console.log(plainTable(measurement, result))
    measured.push(result)
    // After each, so that an end in the middle loses nothing.
    if (scale === 'full') write(merged(readResults(results), measured))
  }
  const broken = options.check ? wanted.flatMap((each) => brokenBounds(each, measured)) : []
  for (const line of broken) console.error(line)
  const missing = measured.filter((result) => result.runs.length === 0).map(({ name }) => name)
  if (missing.length > 0) console.error(`could not be measured: ${missing.join(', ')}`)
  process.exitCode = broken.length + missing.length > 0 ? 1 : 0
}

function merged(before: readonly Result[], now: readonly Result[]): readonly Result[] {
  const kept = before.filter(({ name }) => !now.some((each) => each.name === name))
  const order = measurements.map(({ name }) => name)
  return [...kept, ...now].toSorted((a, b) => order.indexOf(a.name) - order.indexOf(b.name))
}

async function measure(measurement: Measurement): Promise<Result> {
  const { name } = measurement
  const size = measurement.sizes[scale] ?? {}
  const before = load()
  const all: Values[] = []
  const children = measurement.ownProcess === true ? runs : 1
  for (let child = 0; child < children; child++) {
    all.push(...(await inChild(name, JSON.stringify(size), String(runs / children))))
  }
  const at = new Date(createSystemClock().wall()).toISOString()
  return { name, scale, size, at, machine: machine(), load: { before, after: load() }, runs: all }
}

async function inChild(...args: readonly string[]): Promise<readonly Values[]> {
  const child = fork(new URL('./measure.ts', import.meta.url), args)
  const all: Values[] = []
  // What measure.ts sends.
  child.on('message', (message: Values) => all.push(message))
  const timer = createSystemClock().timer(mostMs, () => child.kill('SIGKILL'))
  await once(child, 'close')
  timer()
  return all
}

function write(all: readonly Result[]): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(results, `${JSON.stringify(all, null, 1)}\n`)
  for (const [name, svg] of Object.entries(plots(all))) writeFileSync(join(folder, `${name}.svg`), svg)
  writeFileSync(page, renderPage(readFileSync(page, 'utf8'), all))
}
