import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSystemClock, sleep } from '../../src/lib/clock.ts'
import { amount, oneOf, readOptions, wholeNumber } from '../options.ts'
import { startSimulated } from '../simulated.ts'

const { via, directories, files, minutes } = readOptions({
  command: 'prove:idle',
  about: 'Counts what an idle watch asks of its provider. By a stream it may be 120 requests in an hour.',
  examples: { '--via changes --directories 1000 --minutes 10': 'by the stream of changes instead of events' },
  options: {
    via: oneOf(['auto', 'events', 'changes', 'poll'], 'how changes are noticed', 'events'),
    directories: wholeNumber('how many directories are watched', 1_000),
    files: wholeNumber('how many files lie in them', 10_000, { least: 0 }),
    minutes: amount('how long requests are counted', 10, 'minutes'),
  },
})
/** In an hour, by a stream; a poll is asked for as often as its interval says. */
const mostPerHour = 120
const clock = createSystemClock()
const never = new AbortController().signal
const temporary = mkdtempSync(join(tmpdir(), 'onetrigger-idle-'))
const simulator = await startSimulated(clock)
for (let index = 0; index < directories; index++) simulator.model.mkdir(`in/d${index}`)
for (let index = 0; index < files; index++) simulator.model.create(`in/d${index % directories}/f${index}`, 100)

const args = ['run', '-H', simulator.url, '-s', 'Gamma', '-f', 'in', '-w', 'http://127.0.0.1:9/', '--via', via]
const child = spawn(
  process.execPath,
  [join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts'), ...args, '--store', join(temporary, 'o.db')],
  {
    env: { ...process.env, ONEDATA_ACCESS_TOKEN: simulator.token },
    stdio: ['ignore', 'ignore', 'pipe'],
  },
)
let log = ''
child.stderr.setEncoding('utf8').on('data', (text: string) => {
  log += text
})
while (!log.includes('the first listing is done')) await sleep(clock, 50, never)
// Whatever else belongs to the start is over by then.
await sleep(clock, 20_000, never)
const start = simulator.requests.total
simulator.requests.clear()
await sleep(clock, minutes * 60_000, never)
console.log(
  `${via}: ${directories} directories, ${files} files: ${start} requests to start, then in ${minutes} idle minutes ${simulator.requests.total}:`,
)
for (const [route, count] of simulator.requests.counts) console.log(`  ${count} ${route}`)
const perHour = (simulator.requests.total / minutes) * 60
const isLight = via === 'poll' || perHour <= mostPerHour
console.log(
  `that is ${perHour.toFixed(0)} in an hour: ${isLight ? 'light enough' : `FAILED, more than ${mostPerHour}`}`,
)
child.kill('SIGTERM')
await once(child, 'close')
await simulator.close()
rmSync(temporary, { recursive: true, force: true })
process.exit(isLight ? 0 : 1)
