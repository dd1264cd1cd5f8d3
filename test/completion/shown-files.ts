import type { Shown, Trace } from './trace.ts'

/** A file as the provider shows it at some moment. */
export interface ShownFile extends Omit<Shown, 'at' | 'gone'> {
  readonly path: string
  readonly size: number
  readonly mtime: number
}

/** What the provider of a trace shows, at times that only go forward. */
export class ShownFiles {
  readonly #steps: readonly Shown[]
  readonly #files = new Map<string, ShownFile>()
  #next = 0

  constructor({ shown }: Trace) {
    this.#steps = shown
  }

  /** Every file there is at this time, by its id. */
  at(time: number): ReadonlyMap<string, ShownFile> {
    for (let step = this.#steps[this.#next]; step !== undefined && step.at <= time; step = this.#steps[this.#next]) {
      this.#next += 1
      const { at: _at, gone, ...facts } = step
      if (gone) this.#files.delete(step.file)
      else this.#files.set(step.file, { path: '', size: 0, mtime: 0, ...this.#files.get(step.file), ...facts })
    }
    return this.#files
  }

  /** When the next thing happens; null = nothing more does. */
  get nextAt(): number | null {
    return this.#steps[this.#next]?.at ?? null
  }
}

/** When the last thing happens that a watcher could see. */
export function endOf({ shown, told, down }: Trace): number {
  const times = [...shown.map(({ at }) => at), ...told.map(({ at }) => at), ...down.map(([, until]) => until)]
  return times.reduce((last, time) => Math.max(last, time), 0)
}

export function isDown({ down }: Trace, time: number): boolean {
  return down.some(([from, until]) => from <= time && time < until)
}
