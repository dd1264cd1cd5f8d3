// A simulated provider in a process of its own: told how many files to make and how fast, it makes them and says when it is done.
import { createSystemClock, sleep } from '../../src/lib/clock.ts'
import { startSimulated } from '../simulated.ts'

const clock = createSystemClock()
const never = new AbortController().signal
const simulator = await startSimulated(clock)
let made = 0

async function upload({ count, perSecond, perDirectory }: { count: number; perSecond: number; perDirectory: number }) {
  const began = clock.now()
  for (let index = 0; index < count; index++) {
    const at = began + (index * 1_000) / perSecond
    if (at > clock.now()) await sleep(clock, at - clock.now(), never)
    const directory = `in/${Math.floor(made / perDirectory)}`
    if (made % perDirectory === 0) simulator.model.mkdir(directory)
    simulator.model.create(`${directory}/file-${made}`, 1_000)
    made += 1
  }
}

// What children.ts sends.
process.on('message', (message: { count: number; perSecond: number; perDirectory: number }) => {
  void upload(message).then(() => process.send?.('done'))
})
process.on('disconnect', () => process.exit(0))
process.send?.({ url: simulator.url, token: simulator.token })
