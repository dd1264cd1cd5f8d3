import { completeEventId } from '../../../src/core/ids.ts'
import type { OwedEvent } from '../../../src/store/store.ts'
import { anEvent } from '../../support/builders.ts'
import { type CrashReport, Kills, type Progress } from './kills.ts'
import { type Aim, pointsOfRush } from './points.ts'
import { target, trigger } from './victim.ts'
import { CrashWorld, type WorldOptions } from './world.ts'

export interface RushOptions extends WorldOptions {
  readonly kills: number
  /** Deliveries for each life; a life is killed before it has made so many requests. */
  readonly perLife: number
  readonly onKill?: (kill: number, rush: Progress) => void
}

/** So many attempts at once keep the thread busy. */
const concurrency = 128
/** Written to the store at once. */
const perCommit = 1_000
const lookMs = 5
/** Requests that a life makes before its thread listens: those that start it, and those of the moment it takes. */
const beforeThread = 3_000
/** A transaction is of so many deliveries, about; of more where the machine is busy. */
const perTransaction = 200
const mtime = Date.UTC(2026, 0, 1) / 1_000

/**
 * Kills OneTrigger again and again while it works off an outbox as fast as it goes, the requests made by their thread: as after an hour in which a
 * receiver was away. No file comes meanwhile. Tells what came of it.
 */
export async function runRush({ perLife, onKill, ...options }: RushOptions): Promise<CrashReport> {
  const { kills, store } = options
  // The last share is for the life that is left alone.
  const files = perLife * (kills + 1)
  const world = await CrashWorld.create({ ...options, victim: { concurrency, ...options.victim } })
  try {
    await (await world.watched()).kill('SIGTERM')
    await owe(world, files)
    const books = new Kills(world)
    for (let kill = 1; kill <= kills; kill++) {
      await live(world, books, { aim: kill % 2 === 0 ? aimOf(world, kill / 2, perLife, store) : null, perLife })
      onKill?.(kill, books.progress())
    }
    const last = world.victim.start()
    const verdict = await world.told()
    return books.report({ ...options, files }, verdict, await world.unsettled(last))
  } finally {
    await world.close()
  }
}

/** As if so many files had been found complete while their target was out of service. */
async function owe(world: CrashWorld, count: number): Promise<void> {
  const { id: spaceId, name } = world.simulator.space
  const store = await world.store.open()
  for (let from = 0; from < count; from += perCommit) {
    const owed = Array.from({ length: Math.min(perCommit, count - from) }, (_, index): OwedEvent => {
      const revision = { fileId: `rushed-${from + index}`, size: 1 + ((from + index) % 1_000), mtime }
      const path = `in/${revision.fileId}`
      world.oracle.finish(revision, path)
      const id = completeEventId({ trigger, spaceId, ...revision })
      return { event: anEvent({ id, trigger, space: { id: spaceId, name }, path, ...revision }), targets: [target] }
    })
    await store.settle([], owed)
  }
  await store.close()
}

/** One life, killed at its point, or when it has made as many requests as are drawn. */
async function live(
  world: CrashWorld,
  books: Kills,
  { aim, perLife }: { readonly aim: Aim | null; readonly perLife: number },
): Promise<void> {
  const until = world.oracle.requests + (aim === null ? 1 + Math.floor(world.random() * perLife) : perLife)
  const life = world.victim.start({ aim })
  let hasEnded = false
  void life.ended.then(() => {
    hasEnded = true
  })
  while (!hasEnded && world.oracle.requests < until) await world.wait(lookMs)
  await (hasEnded ? books.atPoint(life, aim) : books.atRandom(life, aim))
}

function aimOf({ random }: CrashWorld, turn: number, perLife: number, store: RushOptions['store']): Aim {
  const all = pointsOfRush(store)
  const point = all[turn % all.length] ?? 'thread:sent'
  const most = point.startsWith('thread:') ? (perLife - beforeThread) / 2 : perLife / 2 / perTransaction
  return { point, passage: 1 + Math.floor(random() * most), store, nextVersion: 0 }
}
