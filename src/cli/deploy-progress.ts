import type { StackEvent } from '../deploy/stack/cloud.ts'
import type { Clock } from '../lib/clock.ts'
import type { Io } from './io.ts'

/** Often enough for somebody who looks whether it still lives. */
const tickMs = 1_000
const clearLine = '\r\u001b[2K'

/** Tells a person who waits what a stack does: a line for each event, and on a terminal one below them that moves. */
export class StackProgress {
  readonly #io: Io
  readonly #clock: Clock
  readonly #beganAt: number
  readonly #done = new Set<string>()
  #cancel: (() => void) | null = null

  constructor(io: Io, clock: Clock) {
    this.#io = io
    this.#clock = clock
    this.#beganAt = clock.now()
  }

  /** What begins now. */
  say(text: string): void {
    this.#line(text)
    if (this.#io.isTerminal && this.#cancel === null) this.#tick()
  }

  event({ resource, status, reason }: StackEvent): void {
    if (status.endsWith('_COMPLETE')) this.#done.add(resource)
    else this.#done.delete(resource)
    this.#line(`  ${status.padEnd(18)} ${resource}${reason === null ? '' : `: ${reason}`}`)
  }

  /** Takes the moving line away. Calling it twice is fine. */
  end(): void {
    this.#cancel?.()
    if (this.#cancel !== null) this.#io.writeError(clearLine)
    this.#cancel = null
  }

  #line(text: string): void {
    this.#io.writeError(this.#cancel === null ? `${text}\n` : `${clearLine}${text}\n${this.#moving()}`)
  }

  #tick(): void {
    this.#cancel = this.#clock.timer(tickMs, () => this.#tick())
    this.#io.writeError(`${clearLine}${this.#moving()}`)
  }

  #moving(): string {
    const seconds = Math.round((this.#clock.now() - this.#beganAt) / 1_000)
    const count = this.#done.size === 0 ? '' : `, ${this.#done.size} resources done`
    return `… ${seconds} s${count}`
  }
}
