import { type Clock, sleep } from '../../lib/clock.ts'
import type { Random } from '../../lib/random.ts'
import type { Faults } from '../faults.ts'
import type { SpaceModel, Written } from '../model/space-model.ts'

/** One version of a file that was really finished, and has to be reported once. */
export interface FinishedRevision {
  /** Inside the space. */
  readonly path: string
  readonly fileId: string
  readonly size: number
  /** Seconds since the epoch. */
  readonly mtime: number
  /** When nothing more was to come, milliseconds on the clock. */
  readonly finishedAt: number
}

/** A file that must not be reported. */
export interface NeverFires {
  readonly path: string
  readonly fileId: string
  /** What gives it away: its name, or that bytes are missing in the middle (only 21.02.5 and later tell). */
  readonly because: 'temporaryName' | 'holes'
}

/** What really happened: the measure of what was lost, early or doubled. */
export interface Oracle {
  readonly finished: readonly FinishedRevision[]
  readonly never: readonly NeverFires[]
}

/** What a scenario plays on. */
export interface Stage {
  readonly model: SpaceModel
  readonly faults: Faults
  readonly clock: Clock
  readonly random: Random
  /** Folder inside the space where all happens; made where it is not there. */
  readonly folder: string
  /** 1 = the times as they are written in the scenario, 0.1 = ten times as fast. */
  readonly timeScale: number
  /** How long a finished file is left alone before it is written again, so that it can be reported first; not scaled. */
  readonly settleMs: number
  /** Number of files, where a scenario has many. */
  readonly files: number
  readonly signal: AbortSignal
}

/** Files that arrive in one way or another. Rejects with the signal's reason when that aborts. */
export interface Scenario {
  readonly name: string
  /** One line for people. */
  readonly summary: string
  run(stage: Stage): Promise<Oracle>
}

/** What acts of scenarios use: paths in the folder, pauses, and the record of what was finished. */
export class Play {
  readonly stage: Stage
  readonly #finished: FinishedRevision[] = []
  readonly #never: NeverFires[] = []

  constructor(stage: Stage) {
    this.stage = stage
    stage.model.mkdir(stage.folder)
  }

  get oracle(): Oracle {
    return { finished: [...this.#finished], never: [...this.#never] }
  }

  path(name: string): string {
    return this.stage.folder === '' ? name : `${this.stage.folder}/${name}`
  }

  /** A pause of the scenario's own time. */
  pause(ms: number): Promise<void> {
    return sleep(this.stage.clock, ms * this.stage.timeScale, this.stage.signal)
  }

  /** Long enough for a finished file to be reported. */
  settle(): Promise<void> {
    return sleep(this.stage.clock, this.stage.settleMs, this.stage.signal)
  }

  /** Uploads in equal steps with a pause after each but the last. */
  async upload(
    path: string,
    upload: { readonly bytes: number; readonly steps: number; readonly pauseMs: number },
  ): Promise<void> {
    const { model } = this.stage
    if (model.stat(path) === null) model.create(path)
    for (let step = 0; step < upload.steps; step++) {
      if (step > 0) await this.pause(upload.pauseMs)
      const from = Math.floor((upload.bytes * step) / upload.steps)
      const to = Math.floor((upload.bytes * (step + 1)) / upload.steps)
      model.write(path, to - from, from)
    }
    model.sync(path)
  }

  /** A file that is there at once and finished. */
  arrive(path: string, content: Written): void {
    this.stage.model.create(path, content)
    this.finish(path)
  }

  /** Says that this version of the file is whole. */
  finish(path: string): void {
    const stat = this.stage.model.stat(path)
    if (stat === null) return
    const { fileId, size, mtime } = stat
    this.#finished.push({ path, fileId, size, mtime, finishedAt: this.stage.clock.now() })
  }

  /** Says that the file must never be reported. */
  never(path: string, because: NeverFires['because']): void {
    const stat = this.stage.model.stat(path)
    if (stat !== null) this.#never.push({ path, fileId: stat.fileId, because })
  }
}

/** A scenario of acts that play at the same time. */
export function scenario(name: string, summary: string, acts: readonly ((play: Play) => Promise<void>)[]): Scenario {
  return {
    name,
    summary,
    run: async (stage) => {
      const play = new Play(stage)
      await Promise.all(acts.map((act) => act(play)))
      return play.oracle
    },
  }
}
