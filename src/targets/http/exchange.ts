import type { IncomingHttpHeaders } from 'node:http'
import { type Dispatcher, errors } from 'undici'
import type { Cancel, Clock } from '../../lib/clock.ts'
import { onAbort } from '../../lib/on-abort.ts'

/** What an exchange may take. */
export interface Limits {
  readonly clock: Clock
  /** When the answer must be whole, however steadily it trickles: a time of `clock`. */
  readonly until: number
  /** What comes of the body beyond this ends the connection. */
  readonly mostBytes: number
}

export interface Bounds extends Limits {
  readonly signal: AbortSignal
}

/** What is asked, in plain values: it can be handed to another thread. */
export interface PlainRequest {
  readonly origin: string
  readonly method: 'GET' | 'HEAD' | 'POST'
  /** With its query; already encoded. */
  readonly path: string
  /** By name, or names and values in turn. */
  readonly headers?: Record<string, string> | string[]
  readonly body?: string
}

/** An answer with as much of its body as was wanted. */
export interface Answered {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** A little more than the most where the answer has more. */
  readonly body: Buffer
  readonly isWhole: boolean
}

/** Told once how an exchange ended: with undici's error, one of undici's time-outs when it was late, or the reason it was given up for. */
export interface Ending {
  readonly answered: (answer: Answered) => void
  readonly failed: (error: unknown) => void
}

/** One request and its answer. Rejects with what `Ending` names, or the signal's reason. */
export function exchange(dispatcher: Dispatcher, request: PlainRequest, bounds: Bounds): Promise<Answered> {
  const { signal } = bounds
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const ending: Ending = {
      answered: (answer) => {
        cancelAbort()
        resolve(answer)
      },
      failed: (error) => {
        cancelAbort()
        reject(error)
      },
    }
    const exchange = new Exchange(bounds, ending)
    const cancelAbort = onAbort(signal, () => exchange.fail(signal.reason))
    exchange.begin(dispatcher, request)
  })
}

/** The first header of a name, written in lower case: receivers repeat what must be there once. */
export function firstHeader({ headers }: Answered, name: string): string | undefined {
  const given = headers[name]
  return Array.isArray(given) ? given[0] : given
}

/** On undici's handlers instead of its `request`: a stream and an abort signal per attempt would cost as much as the rest of it. */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #limits: Limits
  readonly #ending: Ending
  readonly #cancelTimer: Cancel
  #controller: Dispatcher.DispatchController | null = null
  #hasEnded = false
  /** Why nothing is wanted of it any more. */
  #unwanted: Error | null = null
  #status = 0
  #headers: IncomingHttpHeaders = {}
  #chunks: Buffer[] = []
  #length = 0

  constructor(limits: Limits, ending: Ending) {
    this.#limits = limits
    this.#ending = ending
    const { clock, until } = limits
    this.#cancelTimer = clock.timer(until - clock.now(), () => this.fail(this.#lateness()))
  }

  begin(dispatcher: Dispatcher, request: PlainRequest): void {
    try {
      // undici's own limits begin anew with every byte of a body.
      dispatcher.dispatch({ ...request, headersTimeout: 0, bodyTimeout: 0 }, this)
    } catch (error) {
      this.fail(error)
    }
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#unwanted !== null) controller.abort(this.#unwanted)
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    this.#status = status
    this.#headers = headers
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#length += chunk.length
    if (this.#length <= this.#limits.mostBytes) return
    this.#succeed(false)
    this.#leave(new Error('the rest of the answer is not wanted'))
  }

  onResponseEnd(): void {
    this.#succeed(true)
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.fail(error)
  }

  /** Gives it up, unless it has ended. */
  fail(reason: unknown): void {
    this.#end(() => this.#ending.failed(reason))
    // Also after an error: undici's way through a proxy tells of a 407 and goes on reading it.
    this.#leave(reason instanceof Error ? reason : new Error('broken off'))
  }

  #succeed(isWhole: boolean): void {
    const body = Buffer.concat(this.#chunks, this.#length)
    this.#end(() => this.#ending.answered({ status: this.#status, headers: this.#headers, body, isWhole }))
  }

  #end(tell: () => void): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#cancelTimer()
    tell()
  }

  /** What waits for a connection has none to leave yet: it does as soon as it gets one. */
  #leave(reason: Error): void {
    this.#unwanted = reason
    this.#controller?.abort(reason)
  }

  #lateness(): Error {
    return this.#controller === null
      ? new errors.ConnectTimeoutError('no connection in time')
      : new errors.HeadersTimeoutError('the answer did not end in time')
  }
}
