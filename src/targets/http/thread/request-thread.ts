import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Cancel, Clock } from '../../../lib/clock.ts'
import { EgressError, type EgressRules } from '../../../lib/egress.ts'
import type { Log } from '../../../lib/log.ts'
import { onAbort } from '../../../lib/on-abort.ts'
import type { ConnectionPlan } from '../dispatchers.ts'
import type { Answered, Bounds, PlainRequest } from '../exchange.ts'
import type { RequestTaker } from '../line.ts'
import type { Answer, Failure, Order, Report, ThreadData } from './messages.ts'
import { Rush } from './rush.ts'
import { Together } from './together.ts'

export interface RequestThreadDeps {
  readonly clock: Clock
  readonly log: Log
  /** What is connected to; decided in the thread as it is here. */
  readonly egress: EgressRules
  /** Requests in a second from which on the thread is worth it, 2,000 by default. */
  readonly many?: number
  /** What the thread runs, instead of what it is there for (tests). */
  readonly entry?: URL
}

interface Asked {
  readonly resolve: (answer: Answered) => void
  readonly reject: (error: unknown) => void
  readonly cancelAbort: Cancel
}

/** It takes 30 MB: it ends when requests have not been many for so long. */
const idleMs = 10_000
const noBytes = Buffer.alloc(0)

/**
 * Makes requests on a thread of its own while they are many: sending them and reading the answers is half of what a delivery costs, and this thread has
 * the other half to do. One for all targets of a bridge. Where it fails, what it had in hand counts as broken off, and requests are made here again.
 */
export class RequestThread implements RequestTaker {
  readonly #deps: RequestThreadDeps
  readonly #rush: Rush
  #worker: Worker | null = null
  /** Whether the worker listens. */
  #isReady = false
  /** Closed, or it cannot work: nothing is asked of it. With one core there is nothing to share. */
  #ended = availableParallelism() < 2
  #orders = new Together<Order>(() => {})
  readonly #plans = new Map<ConnectionPlan, number>()
  readonly #asked = new Map<number, Asked>()
  #lastNumber = 0
  #cancelIdle: Cancel = () => {}

  constructor(deps: RequestThreadDeps) {
    this.#deps = deps
    this.#rush = new Rush(deps.many ?? 2_000, idleMs)
  }

  /** Starts the thread when requests are many; they are made here until it listens. */
  takes(): boolean {
    if (this.#ended || !this.#rush.one(this.#deps.clock.now())) return false
    if (this.#worker === null) this.#start()
    return this.#isReady
  }

  exchange(plan: ConnectionPlan, request: PlainRequest, bounds: Bounds): Promise<Answered> {
    const { signal, clock, until, mostBytes } = bounds
    return new Promise((resolve, reject) => {
      signal.throwIfAborted()
      const number = ++this.#lastNumber
      const abort = () => {
        this.#asked.delete(number)
        this.#orders.add(['give up', number])
        reject(signal.reason)
      }
      this.#asked.set(number, { resolve, reject, cancelAbort: onAbort(signal, abort) })
      const { method, path, headers, body } = request
      const leftMs = until - clock.now()
      this.#orders.add(['ask', number, this.#numberOf(plan), method, path, headers, body, leftMs, mostBytes])
    })
  }

  leave(plan: ConnectionPlan, breakOff: boolean): void {
    const number = this.#plans.get(plan)
    if (number === undefined) return
    this.#plans.delete(plan)
    this.#orders.add(['close', number, breakOff])
  }

  /** Breaks off what is under way. */
  async close(): Promise<void> {
    this.#ended = true
    await this.#end()
  }

  #numberOf(plan: ConnectionPlan): number {
    const known = this.#plans.get(plan)
    if (known !== undefined) return known
    const number = ++this.#lastNumber
    this.#plans.set(plan, number)
    this.#orders.add(['open', number, plan])
    return number
  }

  #start(): void {
    const worker = this.#newWorker()
    if (worker === null) return
    this.#worker = worker
    this.#orders = new Together((orders) => worker.postMessage(orders))
    const isCurrent = () => this.#worker === worker
    worker.on('message', (reports: readonly Report[]) => {
      if (!isCurrent()) return
      this.#isReady = true
      for (const report of reports) this.#take(report)
    })
    worker.on('error', (error) => {
      if (isCurrent()) this.#giveUp(error)
    })
    // What an option of this process loads into every thread may end it.
    worker.on('exit', (code) => {
      if (isCurrent()) this.#giveUp(new Error(`it ended by itself (${code})`))
    })
    this.#endWhenIdle()
  }

  #newWorker(): Worker | null {
    const { egress, entry = threadEntry() } = this.#deps
    const workerData: ThreadData = { egress }
    try {
      // It has this process's options and environment: they may say which certificates are trusted.
      return new Worker(entry, { workerData, resourceLimits: { maxYoungGenerationSizeMb: 16 } })
    } catch (error) {
      // The system gives this process no further thread.
      this.#giveUp(error)
      return null
    }
  }

  #endWhenIdle(): void {
    const { clock } = this.#deps
    this.#cancelIdle = clock.timer(idleMs, () => {
      if (this.#asked.size === 0 && !this.#rush.isOn(clock.now())) void this.#end()
      else this.#endWhenIdle()
    })
  }

  #take(report: Report): void {
    const asked = this.#asked.get(report[1])
    if (asked === undefined) return
    this.#asked.delete(report[1])
    asked.cancelAbort()
    if (report[0] === 'answer') asked.resolve(answeredOf(report))
    else asked.reject(errorOf(report))
  }

  /** From now on requests are made without it. */
  #giveUp(error: unknown): void {
    this.#ended = true
    this.#deps.log.error({ err: error }, 'the thread that makes requests failed; from now on they are made without it')
    void this.#end()
  }

  async #end(): Promise<void> {
    const worker = this.#worker
    this.#worker = null
    this.#isReady = false
    this.#cancelIdle()
    this.#plans.clear()
    for (const { reject, cancelAbort } of this.#asked.values()) {
      cancelAbort()
      reject(Object.assign(new Error('the thread that made the request has ended'), { code: 'THREAD_ENDED' }))
    }
    this.#asked.clear()
    await worker?.terminate()
  }
}

function answeredOf([, , status, headers, body, isWhole]: Answer): Answered {
  const bytes = body === null ? noBytes : Buffer.from(body.buffer, body.byteOffset, body.length)
  return { status, headers, body: bytes, isWhole }
}

function errorOf([, , code, text]: Failure): Error {
  if (code === null) return new Error(`on the thread that makes requests: ${text}`)
  return code === 'EGRESS_FORBIDDEN' ? new EgressError(text) : Object.assign(new Error(text), { code })
}

/** A checkout runs its source as it is; the package holds what the build made of it. */
function threadEntry(): URL {
  const source = new URL('./entry.ts', import.meta.url)
  return existsSync(source) ? source : new URL('./entry.js', import.meta.url)
}
