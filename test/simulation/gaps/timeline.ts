import { Heap } from '../../../src/lib/heap.ts'
import type { World } from '../world.ts'
import type { Author } from './author.ts'
import { Disturber } from './disturber.ts'
import type { Disturbance, FileAct, Scenario, Step } from './scenario.ts'

/** Something that is done at a time, counted from the beginning. */
interface Action {
  readonly atMs: number
  readonly order: number
  readonly what: string
  readonly run: () => void | Promise<void>
}

/** Plays all steps, and the ends of what lasts a while, in the order of time. When it resolves nothing is disturbed any more. */
export async function playSteps({ steps }: Scenario, world: World, author: Author): Promise<void> {
  const { clock, trace } = world
  const began = clock.now()
  const disturber = new Disturber(world)
  const actions = new Heap<Action>((a, b) => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order))
  let order = 0
  const add = (atMs: number, what: string, run: Action['run']) => actions.push({ atMs, order: order++, what, run })
  const play = ({ act, atMs }: Step) =>
    add(atMs, JSON.stringify(act), async () => {
      if (!isDisturbance(act)) return author.do(act)
      const end = await disturber.begin(act)
      if (end !== null && 'forMs' in act) add(atMs + act.forMs, `over: ${JSON.stringify(act)}`, end)
    })
  for (const step of steps) play(step)
  for (let action = actions.pop(); action !== undefined; action = actions.pop()) {
    await clock.pass(Math.max(0, began + action.atMs - clock.now()))
    trace.add(clock.now(), `* ${action.what}`)
    await action.run()
  }
}

const fileActs: ReadonlySet<string> = new Set<FileAct['kind']>([
  'upload',
  'overwrite',
  'append',
  'remove',
  'touch',
  'move',
  'mkdir',
  'rmdir',
  'moveDir',
  'away',
])

function isDisturbance(act: FileAct | Disturbance): act is Disturbance {
  return !fileActs.has(act.kind)
}
