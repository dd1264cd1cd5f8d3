import type { Cancel, Clock } from '../../src/lib/clock.ts'
import { Heap } from '../../src/lib/heap.ts'

interface Timer {
  readonly at: number
  readonly order: number
  /** Null: cancelled. */
  run: (() => void) | null
}

/**
 * Time that passes only when nobody has anything left to do: then it jumps to the next timer. Timers run in order of time, then of setting, one by one,
 * and everything that one promises runs before the next. With no sockets, files or threads in play a run is the same each time. One at a time in a process:
 * two would wait for each other.
 */
export class VirtualClock implements Clock {
  readonly #timers = new Heap<Timer>((a, b) => a.at < b.at || (a.at === b.at && a.order < b.order))
  #now: number
  #order = 0

  constructor(now = Date.UTC(2026, 0, 1)) {
    this.#now = now
  }

  now(): number {
    return this.#now
  }

  wall(): number {
    return this.#now
  }

  timer(delayMs: number, run: () => void): Cancel {
    const timer: Timer = { at: this.#now + Math.max(0, Math.ceil(delayMs)), order: this.#order++, run }
    this.#timers.push(timer)
    return () => {
      timer.run = null
    }
  }

  /** Lets time pass until `isDone`, which is asked whenever all is quiet. Rejects where nothing can ever happen again, or at `untilMs`. */
  async runUntil(isDone: () => boolean, untilMs = Number.POSITIVE_INFINITY): Promise<void> {
    await allIsQuiet()
    while (!isDone()) {
      if (!(await this.#step(untilMs))) throw new Error('what was waited for did not come in time')
    }
  }

  /** Lets so much time pass. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms
    await allIsQuiet()
    while (await this.#step(end));
    this.#now = end
  }

  /** Lets `work` come to its end, and time pass meanwhile. */
  async finish<T>(work: Promise<T>): Promise<T> {
    let isOver = false
    const over = () => {
      isOver = true
    }
    work.then(over, over)
    await this.runUntil(() => isOver)
    return work
  }

  async #step(untilMs: number): Promise<boolean> {
    let timer = this.#timers.peek()
    for (; timer !== undefined && timer.run === null; timer = this.#timers.peek()) this.#timers.pop()
    if (timer === undefined || timer.at > untilMs) return false
    this.#timers.pop()
    this.#now = timer.at
    timer.run?.()
    await allIsQuiet()
    return true
  }
}

/**
 * An immediate runs when promises and ticks have run out; where it finds others waiting (stores group their commits by them), those come first. A real
 * disk is waited for while time stands still; how long it takes is its own affair, so that only a store in memory gives the same trace for sure.
 */
async function allIsQuiet(): Promise<void> {
  do await new Promise<void>((resolve) => setImmediate(resolve))
  while (process.getActiveResourcesInfo().some((kind) => kind === 'Immediate' || kind.startsWith('FSReq')))
}
