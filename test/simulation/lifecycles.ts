import type { Random } from '../../src/lib/random.ts'
import { seededRandom } from '../support/simulator.ts'
import { LedgerOfLives } from './ledger-of-lives.ts'
import { type LifeRecord, liveOneLife } from './life.ts'
import { liveHeapBytes } from './live-heap.ts'
import { World, type WorldOptions } from './world.ts'

export interface LifecyclesOptions extends Pick<WorldOptions, 'seed' | 'createStore' | 'throughSource'> {
  readonly files: number
  /** How many begin in each second of virtual time. */
  readonly perSecond: number
  /** Told each virtual minute. */
  readonly onMinute?: (lives: number, heapBytes: number) => void
}

/** What came of a run. */
export interface LifecyclesRun {
  /** Files that are through: deleted, and all of their versions received. */
  readonly lives: number
  readonly finished: number
  readonly received: number
  /** Sentences; none = each version was received once, under its id, and not before it was finished. */
  readonly problems: readonly string[]
  /** Held after each minute of virtual time, in order. */
  readonly heapBytes: readonly number[]
  readonly virtualMs: number
  /** Of the trace: the same for the same seed. */
  readonly digest: string
}

/** Each takes in what comes in two seconds; when its turn comes again it is all but empty. */
const directories = 64
const turnMs = 2_000
const minuteMs = 60_000
/** The stream is never left alone for longer. */
const cutEveryMs = 97_000
/** The process is ended and started anew in the first and then in each third minute, so far into it: many files are in the midst of their upload then. */
const [restartsAtMs, restartEachMinutes] = [25_000, 3]
/** After the last file began; its life takes some minutes, a delivery that fails again and again longer. */
const patienceMs = 45 * minuteMs

/** Lets files live in virtual time, from their first byte to their deletion, and sees to it that each version is reported once and never early. */
export async function runLifecycles(options: LifecyclesOptions): Promise<LifecyclesRun> {
  const { seed, files, perSecond, createStore, throughSource } = options
  const world = await World.create({
    seed,
    versions: ['25.0'],
    via: 'events',
    options: { limits: { concurrency: 8, perSecond: 500 } },
    latencyMs: 20,
    failing: 0.01,
    concurrency: 128,
    delays: { tombstoneMs: minuteMs },
    ...(createStore === undefined ? {} : { createStore }),
    ...(throughSource === undefined ? {} : { throughSource }),
    onReceived: (event, id) => ledger.noteReceived(event, id),
  })
  const { clock, provider, trigger, store } = world
  const target = trigger.deliver[0] ?? ''
  const ledger = new LedgerOfLives({ trigger: trigger.name, spaceId: provider.space.id, target })
  for (let index = 0; index < directories; index++) provider.model.mkdir(`in/d${index}`)
  world.start()
  await world.listed()

  const began = clock.now()
  const isBegun = beginLives(world, {
    files,
    perSecond,
    random: seededRandom(seed + 100),
    record: recordOf(world, ledger),
  })
  const heapBytes: number[] = []
  const lastAt = began + (files / perSecond) * 1_000 + patienceMs
  while (!isBegun() || (ledger.open > 0 && clock.now() < lastAt)) {
    const minuteEnds = clock.now() + minuteMs
    if (heapBytes.length % restartEachMinutes === 0) {
      await clock.pass(restartsAtMs)
      await world.stop()
      world.start()
    }
    await clock.pass(Math.max(0, minuteEnds - clock.now()))
    const before = clock.now() - minuteMs
    await clock.finish(store.prune({ delivered: before, gone: before }))
    const held = liveHeapBytes()
    heapBytes.push(held)
    options.onMinute?.(ledger.lives, held)
  }
  ledger.close()
  await world.close()
  const { lives, finished, received, problems } = ledger
  return {
    lives,
    finished,
    received,
    problems,
    heapBytes,
    virtualMs: clock.now() - began,
    digest: world.trace.digest(),
  }
}

function recordOf({ provider: { model }, clock }: World, ledger: LedgerOfLives): LifeRecord {
  return {
    finished: (fileId) => {
      const stat = model.stat(model.pathOf(fileId) ?? '')
      if (stat !== null) ledger.noteFinished(stat, clock.now())
    },
    deleted: (fileId) => ledger.noteDeleted(fileId),
  }
}

/** Lets them come one after the other, and the stream be cut now and then; tells whether all have come. */
function beginLives(
  { clock, provider: { model, faults } }: World,
  of: { readonly files: number; readonly perSecond: number; readonly random: Random; readonly record: LifeRecord },
): () => boolean {
  const { files, perSecond, random, record } = of
  const began = clock.now()
  let begun = 0
  const begin = () => {
    const due = Math.min(files, ((clock.now() - began) / 1_000 + 0.1) * perSecond)
    const directory = `in/d${Math.floor((clock.now() - began) / turnMs) % directories}`
    for (; begun < due; begun++)
      liveOneLife(`${directory}/f${String(begun).padStart(8, '0')}.dat`, { model, clock, random, record })
    if (begun < files) clock.timer(100, begin)
  }
  const cut = () => {
    faults.cutStreams()
    if (begun < files) clock.timer(cutEveryMs, cut)
  }
  begin()
  cut()
  return () => begun >= files
}
