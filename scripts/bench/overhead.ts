import { amount, readOptions, wholeNumber } from '../options.ts'
import { percentiles } from './children.ts'
import { streamUploads } from './upload-stream.ts'

const { rate, seconds, warmUp, perSecond, perDirectory } = readOptions({
  command: 'bench:overhead',
  about:
    'What OneTrigger adds to the quiet period: request at the receiver minus (last change seen + stableFor), at a steady rate of uploads (open loop). ' +
    'Provider and receiver are processes of their own. The first seconds, in which everything is compiled and connected, are told apart, and so is the ' +
    'first second after the pause that follows: a quiet provider tells of all its files at once.',
  examples: { '--rate 200 --seconds 20 --per-second 100': 'with more requests to the provider than by itself' },
  options: {
    rate: wholeNumber('how many files arrive in a second', 200),
    seconds: wholeNumber('how long, after the first seconds', 20, { unit: 'seconds' }),
    warmUp: wholeNumber('the first seconds, told apart', 5, { least: 0, unit: 'seconds' }),
    perSecond: amount('how many requests the provider gets in a second, at most', 20, 'number'),
    perDirectory: wholeNumber('how many files a directory holds', 100_000),
  },
})
const { late, missing } = await streamUploads({ rate, seconds, warmUp, perSecond, perDirectory })
const steady = late.filter(({ part }) => part === 'steady')
const onset = late.filter(({ part }) => part === 'onset')
console.log(`${rate} files/s for ${seconds} s, at most ${perSecond} requests/s to the provider`)
if (missing > 0) console.log(`  ${missing} files had not fired a minute later`)
console.log(`  until the verdict is durable: ${percentiles(steady.map(({ verdict }) => verdict))}`)
console.log(`  until the request is there:   ${percentiles(steady.map(({ request }) => request))}`)
console.log(`  the same since it was told:   ${percentiles(steady.map(({ sinceTold }) => sinceTold))}`)
console.log(`  after the pause, since told:  ${percentiles(onset.map(({ sinceTold }) => sinceTold))}`)
console.log(`  the request, with the first ${warmUp} s: ${percentiles(late.map(({ request }) => request))}`)
process.exit(0)
