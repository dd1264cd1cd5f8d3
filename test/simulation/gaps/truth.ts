import { completeEventId, deliveryId } from '../../../src/core/ids.ts'
import type { FileStat, SpaceModel } from '../../../src/simulator/model/space-model.ts'
import type { World } from '../world.ts'
import { type Author, keyOf, type Revision } from './author.ts'

/** An event that was received. */
export interface Received extends Revision {
  readonly path: string
  /** When it was decided, milliseconds since the epoch. */
  readonly at: number
  /** When it came, on the clock of the one who plays. */
  readonly receivedAt: number
  readonly deliveryId: string
}

interface Outcome {
  readonly world: World
  readonly author: Author
  /** Versions of files that were there before the watch began. */
  readonly before: ReadonlySet<string>
  readonly received: readonly Received[]
  /** What is moved while the first listing goes on counts as later: better a file too many than one too few. */
  readonly mayTellOld: boolean
  /** Nothing is in the way: from the end of a version to the decision; null = there was. */
  readonly promptMs: number | null
}

/** Compares what was received with what is there and what was ever finished; sentences about what is wrong. */
export function judge({ world, author, before, received, mayTellOld, promptMs }: Outcome): readonly string[] {
  const { provider, trigger } = world
  const ids = new Set(received.map((each) => each.deliveryId))
  const lost = expectedOf(provider.model, before).filter(({ stat }) => {
    const key = { trigger: trigger.name, spaceId: provider.space.id, ...stat }
    return !ids.has(deliveryId(completeEventId(key), trigger.deliver[0] ?? ''))
  })
  const doubled = received.filter((each, index) => {
    return received.findIndex((other) => other.deliveryId === each.deliveryId) !== index
  })
  const early = received.filter((each) => {
    const finishedAt = author.finishedAt(each)
    // A time that lies ahead of the clock would hide it.
    return finishedAt === null || finishedAt > each.at || each.at > each.receivedAt
  })
  const late = received.filter((each) => {
    return promptMs !== null && each.at - (author.finishedAt(each) ?? each.at) > promptMs
  })
  const old = received.filter((each) => !mayTellOld && before.has(keyOf(each)))
  return [
    ...lost.map(({ path, stat }) => `lost: ${path} (${stat.size} bytes, mtime ${stat.mtime})`),
    ...doubled.map(({ path, size }) => `received twice: ${path} (${size} bytes)`),
    ...early.map(({ path, size }) => `early: ${path} (${size} bytes)`),
    ...late.map(
      (each) => `late: ${each.path}, ${(each.at - (author.finishedAt(each) ?? each.at)) / 1_000} s after its end`,
    ),
    ...old.map(({ path }) => `there before the watch began, and received: ${path}`),
  ]
}

/** What is there at the end and was not from the beginning. */
export function expectedOf(model: SpaceModel, before: ReadonlySet<string>): readonly FoundFile[] {
  return filesBelow(model, 'in').filter(({ path, stat }) => !path.endsWith('.part') && !before.has(keyOf(stat)))
}

export interface FoundFile {
  readonly path: string
  readonly stat: FileStat
}

export function filesBelow(model: SpaceModel, path: string): readonly FoundFile[] {
  const stat = model.stat(path)
  if (stat === null) return []
  if (stat.type !== 'DIR') return [{ path, stat }]
  return model.list(path).flatMap((child) => filesBelow(model, child))
}
