import { type CrashReport, Kills, type Progress } from './kills.ts'
import { type Aim, type Point, points, pointsOf } from './points.ts'
import { CrashWorld, type WorldOptions } from './world.ts'

export interface CrashOptions extends WorldOptions {
  readonly kills: number
  readonly files: number
  /** Where kills happen, in turn. All points by default. */
  readonly points?: readonly Point[]
  /** Every so-manieth kill is at a point, the others at random times. 2 by default. */
  readonly pointEvery?: number
  /** Mean time from a start to a kill at random; by default twice what the first start takes, so that a busy machine gets something done, too. */
  readonly lifeMs?: number
  readonly onKill?: (kill: number, crash: Progress) => void
}

/** More than so many deliveries owed: the next kill waits, for a process that never gets anything done proves nothing. */
const mostOwed = 1_500
const tickMs = 50
/** On PostgreSQL the lease of the one that died has to run out first. */
const shortestLifeMs = { sqlite: 1_800, postgres: 9_000 }
/** A point that does not come: the process is killed after so many mean lives all the same. */
const patienceLives = 4
const leastPatienceMs = 20_000
/** Passages of a point are drawn from 1 to this, by the number of files in a life. */
const passages: Readonly<Record<string, (files: number) => number>> = {
  transaction: (files) => Math.min(files / 10, 30),
  commit: (files) => Math.min(files / 10, 30),
  owing: (files) => Math.min(files / 10, 30),
  request: (files) => Math.min(files / 4, 60),
  listing: (files) => Math.min(files / 50, 4),
  migration: () => 1,
}

/** Kills OneTrigger again and again while people work, and tells what came of it. */
export async function runCrash(options: CrashOptions): Promise<CrashReport> {
  const world = await CrashWorld.create(options)
  try {
    return await new Crash(options, world).run()
  } finally {
    await world.close()
  }
}

class Crash {
  readonly #options: CrashOptions
  readonly #world: CrashWorld
  readonly #kills: Kills
  #lifeMs: number
  /** Files that may have been begun by now. */
  #goal = 0
  #nextVersion = 1_000

  constructor(options: CrashOptions, world: CrashWorld) {
    this.#options = options
    this.#world = world
    this.#kills = new Kills(world)
    this.#lifeMs = options.lifeMs ?? shortestLifeMs[options.store]
  }

  async run(): Promise<CrashReport> {
    const { kills, files } = this.#options
    const beganAt = this.#world.clock.now()
    await this.#kills.atRandom(await this.#world.watched())
    if (this.#options.lifeMs === undefined)
      this.#lifeMs = Math.max(this.#lifeMs, 2 * (this.#world.clock.now() - beganAt))
    const over = new AbortController()
    const working = this.#work(over.signal)
    for (let kill = 1; kill <= kills; kill++) {
      this.#goal = Math.ceil((files * kill) / kills)
      await this.#live(kill)
      this.#options.onKill?.(kill, this.#kills.progress())
    }
    this.#goal = files
    const last = this.#world.victim.start()
    while (this.#world.workload.begun < files) await this.#world.wait(tickMs)
    over.abort()
    await working
    await this.#world.told()
    await this.#world.workload.end()
    const verdict = await this.#world.told()
    return this.#kills.report(this.#options, verdict, await this.#world.unsettled(last))
  }

  /** Begins files evenly, as far as the kills have got. */
  async #work(signal: AbortSignal): Promise<void> {
    const { workload } = this.#world
    const perTick = (this.#options.files / this.#options.kills / this.#lifeMs) * tickMs * 1.5
    let due = 0
    while (!signal.aborted) {
      due = Math.min(due + perTick, this.#goal - workload.begun)
      for (; due >= 1; due--) workload.begin()
      await this.#world.wait(tickMs)
    }
  }

  async #live(kill: number): Promise<void> {
    const { pointEvery = 2 } = this.#options
    const { random } = this.#world
    const aim = kill % pointEvery === 0 ? this.#aim(kill / pointEvery) : null
    const process = this.#world.victim.start({ aim })
    const died = process.ended.then(() => 'died' as const)
    const longestMs =
      aim === null ? random() * 2 * this.#lifeMs : Math.max(patienceLives * this.#lifeMs, leastPatienceMs)
    const how = await Promise.race([died, this.#enough(longestMs)])
    await (how === 'died' ? this.#kills.atPoint(process, aim) : this.#kills.atRandom(process, aim))
  }

  /** Waits so long, and longer while too much is owed. */
  async #enough(ms: number): Promise<'enough'> {
    await this.#world.wait(ms)
    while (this.#world.oracle.owed > mostOwed) await this.#world.wait(tickMs)
    return 'enough'
  }

  #aim(turn: number): Aim {
    const { store, files, kills, points: asked } = this.#options
    const all = asked ?? pointsOf(store)
    const point = all[turn % all.length] ?? points[0]
    const most = Math.ceil(passages[point.split(':')[0] ?? '']?.(files / kills) ?? 1)
    const passage = 1 + Math.floor(this.#world.random() * most)
    this.#nextVersion += 1
    return { point, passage, store, nextVersion: this.#nextVersion }
  }
}
