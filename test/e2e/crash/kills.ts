import type { OneTriggerProcess } from '../../support/onetrigger.ts'
import { isGood, type Verdict } from './oracle.ts'
import type { Aim } from './points.ts'
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
}

/** Kills lives, and keeps the books: where each ended, and which deliveries were in flight then. */
export class Kills {
  readonly #world: CrashWorld
  readonly #beganAt: number
  readonly #at = new Map<string, number>()

  constructor(world: CrashWorld) {
    this.#world = world
    this.#beganAt = world.clock.now()
  }

  async atRandom(life: OneTriggerProcess): Promise<void> {
    await life.kill('SIGKILL')
    await this.#count('random')
  }

  /** The life has ended by itself; rejects where it was not to die at a point. */
  async atPoint({ child, stderr }: OneTriggerProcess, aim: Aim | null): Promise<void> {
    if (child.signalCode !== 'SIGKILL' || aim === null)
      throw new Error(`OneTrigger ended with ${child.exitCode ?? child.signalCode}:\n${stderr.join('\n')}`)
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
  ): CrashReport {
    const { seconds } = this.progress()
    return { good: isGood(verdict), kills, files, seed, store, seconds, at: Object.fromEntries(this.#at), ...verdict }
  }

  async #count(name: string): Promise<void> {
    this.#at.set(name, (this.#at.get(name) ?? 0) + 1)
    this.#world.oracle.noteInFlight(await this.#world.store.inFlight())
  }
}
