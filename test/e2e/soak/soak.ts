import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Closers } from '../../../src/app/closers.ts'
import { type Clock, createSystemClock, sleep } from '../../../src/lib/clock.ts'
import { silentLog } from '../../../src/lib/log.ts'
import { createFederation } from '../../../src/simulator/create-federation.ts'
import { seededRandom } from '../../support/simulator.ts'
import type { Verdict } from '../crash/oracle.ts'
import { Workload } from '../crash/workload.ts'
import { simulated } from '../crash/world.ts'
import { Providers } from './providers.ts'
import { type Stage, type Trouble, troubles } from './troubles.ts'
import { trend, type Vitals } from './vitals.ts'
import { Watcher } from './watcher.ts'

export interface SoakOptions {
  readonly minutes: number
  readonly seed: number
  /** Files begun in a second. */
  readonly perSecond: number
  readonly onMeasured?: (measured: Measured) => void
}

export interface Measured extends Vitals {
  readonly seconds: number
  readonly finished: number
  readonly requests: number
  readonly owed: number
  readonly troubles: number
}

export interface SoakReport {
  readonly good: boolean
  readonly minutes: number
  readonly seed: number
  readonly steady: Verdict
  readonly restless: Verdict
  readonly troubles: Readonly<Record<string, number>>
  /** Of the one that was never restarted, from the end of the warm-up on. */
  readonly growth: Vitals
  readonly tooMuch: readonly string[]
  readonly last: Vitals
}

/** A trouble lasts so long, and so long passes until the next one. */
const troubleMs = 6_000
const calmMs = 9_000
const tickMs = 100
/** This share of the time is for getting warm: code is compiled, caches fill. */
const warmUp = 0.25
/** Nothing was told for so long although nothing is in the way: it is lost. */
const hopelessMs = 90_000
const lingerMs = 2_000
/** Deliveries that one break may find under way: 16 attempts, and as many whose end is not on disk yet. */
const mostUnderWay = 32
const never = new AbortController().signal
/** The best one is watched by its events, the other by its changes. */
const versions = ['25.0', '21.02.8'] as const

/** Lets OneTrigger work under load and trouble for a long time, and tells what came of files and memory. */
export async function runSoak(options: SoakOptions): Promise<SoakReport> {
  const closers = new Closers()
  try {
    const folder = mkdtempSync(join(tmpdir(), 'onetrigger-soak-'))
    closers.add({ close: () => rmSync(folder, { recursive: true, force: true }) })
    const [clock, random] = [createSystemClock(), seededRandom(options.seed)]
    const federation = closers.add(
      await createFederation({
        ...simulated,
        clock,
        random: seededRandom(options.seed),
        log: silentLog,
        providers: versions.map((version) => ({ name: version, version, delays: simulated.delays })),
      }),
    )
    const providers = new Providers(federation)
    providers.model.mkdir('in')
    const steady = await Watcher.create('steady', folder, providers, closers)
    const restless = await Watcher.create('restless', folder, providers, closers)
    return await new Soak(options, clock, { providers, random, steady, restless }).run()
  } finally {
    await closers.close()
  }
}

class Soak {
  readonly #options: SoakOptions
  readonly #clock: Clock
  readonly #stage: Stage
  readonly #workload: Workload
  readonly #beganAt: number
  readonly #endsAt: number
  readonly #had = new Map<string, number>()
  readonly #measured: Vitals[] = []

  constructor(options: SoakOptions, clock: Clock, stage: Stage) {
    const { providers, random, steady, restless } = stage
    const oracles = [steady.oracle, restless.oracle]
    this.#options = options
    this.#clock = clock
    this.#stage = stage
    const model = () => providers.model
    this.#workload = new Workload({ model, oracles, clock, random, perDirectory: 500, tidies: true })
    this.#beganAt = clock.now()
    this.#endsAt = this.#beganAt + options.minutes * 60_000
  }

  async run(): Promise<SoakReport> {
    await Promise.all([this.#work(), this.#trouble(), this.#measure()])
    await this.#told()
    await this.#workload.end()
    await this.#told()
    return this.#report()
  }

  async #work(): Promise<void> {
    let due = 0
    while (!this.#isOver()) {
      for (due += (this.#options.perSecond * tickMs) / 1_000; due >= 1; due--) this.#workload.begin()
      await this.#wait(tickMs)
    }
  }

  async #trouble(): Promise<void> {
    for (let turn = 0; !this.#isOver(); turn++) {
      // There are some.
      const { name, begin } = troubles[turn % troubles.length] as Trouble
      const end = await begin(this.#stage)
      this.#had.set(name, (this.#had.get(name) ?? 0) + 1)
      await this.#wait(troubleMs)
      await end()
      await this.#wait(calmMs)
    }
  }

  async #measure(): Promise<void> {
    const everyMs = Math.min(60_000, (this.#endsAt - this.#beganAt) / 12)
    while (!this.#isOver()) {
      await this.#wait(everyMs)
      const vitals = await this.#stage.steady.vitals()
      this.#measured.push(vitals)
      const { finished, requests, owed } = this.#stage.steady.oracle
      const seconds = Math.round((this.#clock.now() - this.#beganAt) / 1_000)
      const troubles = [...this.#had.values()].reduce((sum, times) => sum + times, 0)
      this.#options.onMeasured?.({ ...vitals, seconds, finished, requests, owed, troubles })
    }
  }

  async #told(): Promise<void> {
    const { steady, restless } = this.#stage
    const state = () => `${steady.oracle.requests} ${restless.oracle.requests}`
    let [known, since] = [state(), this.#clock.now()]
    while (steady.oracle.owed + restless.oracle.owed > 0 && this.#clock.now() - since < hopelessMs) {
      await this.#wait(tickMs)
      if (state() !== known) [known, since] = [state(), this.#clock.now()]
    }
    await this.#wait(lingerMs)
  }

  async #report(): Promise<SoakReport> {
    const { steady, restless } = this.#stage
    for (const { end } of [steady, restless]) if (end !== null) throw new Error(`OneTrigger ended: ${end}`)
    const { minutes, seed } = this.#options
    const verdicts = { steady: steady.oracle.verdict(), restless: restless.oracle.verdict() }
    const settled = this.#measured.slice(Math.ceil(this.#measured.length * warmUp))
    const { growth, tooMuch } = trend(settled)
    const last = await steady.vitals()
    // Where the receiver goes away or the process is killed, what is under way comes again; nothing else does.
    const gone = this.#had.get('receiver gone') ?? 0
    const breaks = { steady: gone, restless: gone + (this.#had.get('OneTrigger killed') ?? 0) }
    const isRight = (['steady', 'restless'] as const).every((who) => {
      const { lost, early, twoIds, repeats } = verdicts[who]
      return lost.length + early.length + twoIds.length === 0 && repeats <= breaks[who] * mostUnderWay
    })
    const had = Object.fromEntries(this.#had)
    return { good: isRight && tooMuch.length === 0, minutes, seed, ...verdicts, troubles: had, growth, tooMuch, last }
  }

  #isOver(): boolean {
    return this.#clock.now() >= this.#endsAt
  }

  #wait(ms: number): Promise<void> {
    return sleep(this.#clock, ms, never)
  }
}
