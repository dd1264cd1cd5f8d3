// What OneTrigger adds to the quiet period: request at the receiver minus (last change seen + stableFor), at a steady rate of uploads (open loop).
// Provider and receiver are processes of their own. The first seconds, in which everything is compiled and connected, are told apart, and so is the first
// second after the pause that follows: a quiet provider tells of all its files at once.
//   npm run bench:overhead -- --rate 200 --seconds 20 --per-second 100
import { parseArgs } from 'node:util'
import { percentiles } from './children.ts'
import { streamUploads } from './upload-stream.ts'

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '20' },
    'warm-up': { type: 'string', default: '5' },
    'per-second': { type: 'string', default: '20' },
    'per-directory': { type: 'string', default: '100000' },
  },
})
const [rate, seconds, warmUp] = [Number(values.rate), Number(values.seconds), Number(values['warm-up'])]
const [perSecond, perDirectory] = [Number(values['per-second']), Number(values['per-directory'])]
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
