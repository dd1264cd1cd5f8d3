// A simulated provider in a process of its own: told what files to make and how fast, and asked what it was asked.
import { type Clock, createSystemClock, sleep } from '../../src/lib/clock.ts'
import { lookMs, nextMs } from '../../src/simulator/model/change-log.ts'
import { startSimulated } from '../simulated.ts'
import { preciseNow } from './children.ts'

/** What `children.ts` sends; each is answered by one message. */
export type ProviderQuestion =
  | { readonly kind: 'upload'; readonly count: number; readonly perSecond: number; readonly perDirectory: number }
  | { readonly kind: 'fill'; readonly files: number; readonly directories: number }
  | { readonly kind: 'requests' | 'firstRequest' | 'told' }

/** As a real provider (1,000): how long after a change, at most, its log is looked at while it is quiet; a number that no other timer has. */
const pollMs = 1_001
const system = createSystemClock()
/** Files that no stream has told of yet, in order, with the number of their last change. */
const untold: { readonly path: string; readonly change: number }[] = []
/** When the streams had told of each file. */
const told = new Map<string, number>()

/** Timers that are looks into the log. */
const looks: readonly number[] = [pollMs, lookMs, nextMs]
/** The clock that the simulator is given: behind each look, when all is written, it notes when. */
const clock: Clock = {
  ...system,
  timer: (delayMs, run) =>
    system.timer(delayMs, () => {
      run()
      if (looks.includes(delayMs)) noteTold()
    }),
}
const never = new AbortController().signal
// What its parent gave it.
const simulator = await startSimulated(clock, { delays: { pollMs, ...JSON.parse(process.argv[2] ?? '{}') } })
let made = 0

function noteTold(): void {
  const [shown, now] = [simulator.model.told(), preciseNow()]
  const count = untold.findIndex(({ change }) => change > shown)
  for (const { path } of untold.splice(0, count < 0 ? untold.length : count)) told.set(path, now)
}

async function upload(count: number, perSecond: number, perDirectory: number): Promise<void> {
  const began = system.now()
  for (let index = 0; index < count; index++) {
    const at = began + (index * 1_000) / perSecond
    if (at > system.now()) await sleep(system, at - system.now(), never)
    const directory = `in/${Math.floor(made / perDirectory)}`
    if (made % perDirectory === 0) simulator.model.mkdir(directory)
    const path = `${directory}/file-${made}`
    simulator.model.create(path, 1_000)
    untold.push({ path, change: simulator.model.sequence() })
    made += 1
  }
}

function fill(files: number, directories: number): void {
  for (let index = 0; index < directories; index++) simulator.model.mkdir(`in/d${index}`)
  for (let index = 0; index < files; index++) simulator.model.create(`in/d${index % directories}/f${index}`, 1_000)
}

async function answer(question: ProviderQuestion): Promise<unknown> {
  switch (question.kind) {
    case 'upload':
      await upload(question.count, question.perSecond, question.perDirectory)
      return 'done'
    case 'fill':
      fill(question.files, question.directories)
      return 'done'
    case 'requests': {
      const counts = [...simulator.requests.counts]
      simulator.requests.clear()
      return counts
    }
    case 'firstRequest':
      return simulator.requests.records[0]?.at ?? null
    case 'told':
      return [...told]
  }
}

process.on('message', (question: ProviderQuestion) => {
  void answer(question).then((reply) => process.send?.(reply))
})
process.on('disconnect', () => process.exit(0))
process.send?.({ url: simulator.url, token: simulator.token })
