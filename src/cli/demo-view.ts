import type { Phase } from '../core/file-state.ts'

/** What the demo can draw on: a terminal, or a pipe. */
export interface Output {
  readonly isTTY: boolean
  write(text: string): void
}

/** One step of one file's life. */
export interface Step {
  readonly path: string
  readonly phase: Phase | 'delivered' | 'waiting'
  /** Bytes; null where it does not matter. */
  readonly size: number | null
  /** What a person wants to know of it. */
  readonly detail: string
}

const colours: Readonly<Record<Step['phase'], number>> = {
  uploading: 33,
  settling: 36,
  complete: 32,
  stalled: 31,
  gone: 90,
  delivered: 92,
  waiting: 31,
}

/** Prints a line per step, and on a terminal keeps a line with the counts below them. */
export class DemoView {
  readonly #output: Output
  readonly #startedAt: number
  readonly #phases = new Map<string, Step['phase']>()
  #delivered = 0
  #live = false

  constructor(output: Output, startedAt: number) {
    this.#output = output
    this.#startedAt = startedAt
  }

  step(step: Step, now: number): void {
    if (step.phase === 'delivered') this.#delivered += 1
    else this.#phases.set(step.path, step.phase)
    const size = step.size === null ? '' : formatBytes(step.size)
    const phase = this.#colour(step.phase.padEnd(9), colours[step.phase])
    this.line(
      `${this.#elapsed(now)}  ${phase}  ${size.padStart(9)}  ${step.path}${step.detail === '' ? '' : `  ${step.detail}`}`,
    )
    this.progress(now)
  }

  /** A line of its own. */
  line(text: string): void {
    this.#clear()
    this.#output.write(`${text}\n`)
  }

  /** Draws the live line anew; does nothing where there is no terminal. */
  progress(now: number): void {
    if (!this.#output.isTTY) return
    this.#clear()
    const counts = Map.groupBy(this.#phases.values(), (phase) => phase)
    const parts = (['uploading', 'settling', 'complete', 'stalled'] as const).map(
      (phase) => `${counts.get(phase)?.length ?? 0} ${phase}`,
    )
    this.#output.write(`${this.#elapsed(now)}  ${[...parts, `${this.#delivered} delivered`].join(' · ')}`)
    this.#live = true
  }

  /** Removes the live line. */
  end(): void {
    this.#clear()
  }

  #clear(): void {
    if (this.#live) this.#output.write('\r\u001b[2K')
    this.#live = false
  }

  #colour(text: string, code: number): string {
    return this.#output.isTTY ? `\u001b[${code}m${text}\u001b[0m` : text
  }

  #elapsed(now: number): string {
    return `${((now - this.#startedAt) / 1_000).toFixed(1).padStart(6)} s`
  }
}

/** `12.3 MB`; decimal units, as disks and providers count. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const step = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1)
  return step === 0 ? `${bytes} B` : `${(bytes / 1_000 ** step).toFixed(1)} ${units[step]}`
}
