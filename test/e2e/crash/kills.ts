import type { OneTriggerProcess } from '../../support/onetrigger.ts'
import { isGood, type Verdict } from './oracle.ts'
import type { Aim, Point } from './points.ts'
import type { StoreUnderTest } from './stores.ts'
import type { Workload } from './workload.ts'
import type { CrashWorld, WorldOptions } from './world.ts'

export interface Progress {
  readonly seconds: number
  readonly begun: number
  readonly finished: number
  readonly requests: number
  readonly owed: number
}

export interface CrashReport extends Verdict {
  readonly good: boolean
  readonly kills: number
  readonly files: number
  readonly seed: number
  readonly store: string
  readonly seconds: number
  /** Kills by where they happened. */
  readonly at: Readonly<Record<string, number>>
  /** Points that lives were told to die at, and none did: what happens there was not tried. */
  readonly unreached: readonly Point[]
  /** What the receiver had taken, and the store still owed when the last life had ended in peace: settlements that were lost. */
  readonly unsettled: readonly string[]
}

/** What the account is taken from. */
export interface Books extends Pick<CrashWorld, 'clock' | 'oracle'> {
  readonly store: Pick<StoreUnderTest, 'inFlight'>
  readonly workload: Pick<Workload, 'begun'>
}

/** Kills lives, and keeps the books: where each ended, and which deliveries were in flight then. */
export class Kills {
  readonly #world: Books
  readonly #beganAt: number
  readonly #at = new Map<string, number>()
  readonly #aimedAt = new Set<Point>()

  constructor(world: Books) {
    this.#world = world
    this.#beganAt = world.clock.now()
  }

  /** With an aim: its point did not come in time. */
  async atRandom(life: Pick<OneTriggerProcess, 'kill'>, aim: Aim | null = null): Promise<void> {
    await life.kill('SIGKILL')
    if (aim !== null) this.#aimedAt.add(aim.point)
    await this.#count('random')
  }

  /** The life has ended by itself; rejects where it was not to die at a point. */
  async atPoint({ child, stderr }: OneTriggerProcess, aim: Aim | null): Promise<void> {
    if (child.signalCode !== 'SIGKILL' || aim === null)
      throw new Error(`OneTrigger ended with ${child.exitCode ?? child.signalCode}:\n${stderr.join('\n')}`)
    this.#aimedAt.add(aim.point)
    await this.#count(aim.point)
  }

  progress(): Progress {
    const { oracle, workload, clock } = this.#world
    const { finished, requests, owed } = oracle
    const seconds = Math.round((clock.now() - this.#beganAt) / 1_000)
    return { seconds, begun: workload.begun, finished, requests, owed }
  }

  report(
    { kills, files, seed, store }: WorldOptions & { readonly kills: number; readonly files: number },
    verdict: Verdict,
    unsettled: readonly string[],
  ): CrashReport {
    const { seconds } = this.progress()
    const unreached = [...this.#aimedAt].filter((point) => !this.#at.has(point))
    const good = isGood(verdict) && unreached.length + unsettled.length === 0
    const at = Object.fromEntries(this.#at)
    return { good, kills, files, seed, store, seconds, at, unreached, unsettled, ...verdict }
  }

  async #count(name: string): Promise<void> {
    this.#at.set(name, (this.#at.get(name) ?? 0) + 1)
    this.#world.oracle.noteInFlight(await this.#world.store.inFlight())
  }
}
