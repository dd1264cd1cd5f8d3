import type { IncomingHttpHeaders } from 'node:http'
import { type Dispatcher, errors } from 'undici'
import type { Cancel, Clock } from '../../lib/clock.ts'
import { onAbort } from '../../lib/on-abort.ts'

/** What an exchange may take. */
export interface Bounds {
  readonly signal: AbortSignal
  readonly clock: Clock
  /** When the answer must be whole, however steadily it trickles: a time of `clock`. */
  readonly until: number
  /** What comes of the body beyond this ends the connection. */
  readonly mostBytes: number
}

/** An answer with as much of its body as was wanted. */
export interface Answered {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** A little more than the most where the answer has more. */
  readonly body: Buffer
  readonly isWhole: boolean
}

/**
 * One request and its answer. Rejects with undici's error, one of undici's time-outs when it is late, or the signal's reason. On undici's handlers instead of
 * its `request`: a stream and an abort signal per attempt would cost as much as the rest of it.
 */
export function exchange(
  dispatcher: Dispatcher,
  request: Dispatcher.DispatchOptions,
  bounds: Bounds,
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    bounds.signal.throwIfAborted()
    // undici's own limits begin anew with every byte of a body.
    const unlimited = { ...request, headersTimeout: 0, bodyTimeout: 0 }
    const handler = new Exchange(bounds, resolve, reject)
    try {
      dispatcher.dispatch(unlimited, handler)
    } catch (error) {
      handler.fail(error)
    }
  })
}

/** The first header of a name, written in lower case: receivers repeat what must be there once. */
export function firstHeader({ headers }: Answered, name: string): string | undefined {
  const given = headers[name]
  return Array.isArray(given) ? given[0] : given
}

class Exchange implements Dispatcher.DispatchHandler {
  readonly #bounds: Bounds
  readonly #resolve: (answer: Answered) => void
  readonly #reject: (error: unknown) => void
  readonly #cancelTimer: Cancel
  readonly #cancelAbort: Cancel
  #controller: Dispatcher.DispatchController | null = null
  /** Why nothing is wanted of it any more. */
  #ending: Error | null = null
  #status = 0
  #headers: IncomingHttpHeaders = {}
  #chunks: Buffer[] = []
  #length = 0

  constructor(bounds: Bounds, resolve: (answer: Answered) => void, reject: (error: unknown) => void) {
    this.#bounds = bounds
    this.#resolve = resolve
    this.#reject = reject
    const { clock, until, signal } = bounds
    this.#cancelTimer = clock.timer(until - clock.now(), () => this.fail(this.#lateness()))
    this.#cancelAbort = onAbort(signal, () => this.fail(signal.reason))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#ending !== null) controller.abort(this.#ending)
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    this.#status = status
    this.#headers = headers
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#length += chunk.length
    if (this.#length <= this.#bounds.mostBytes) return
    this.#succeed(false)
    this.#end(new Error('the rest of the answer is not wanted'))
  }

  onResponseEnd(): void {
    this.#succeed(true)
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.fail(error)
  }

  #succeed(isWhole: boolean): void {
    this.#letGo()
    const body = Buffer.concat(this.#chunks, this.#length)
    this.#resolve({ status: this.#status, headers: this.#headers, body, isWhole })
  }

  fail(reason: unknown): void {
    this.#letGo()
    this.#reject(reason)
    // Also after an error: undici's way through a proxy tells of a 407 and goes on reading it.
    this.#end(reason instanceof Error ? reason : new Error('broken off'))
  }

  #letGo(): void {
    this.#cancelTimer()
    this.#cancelAbort()
  }

  /** What waits for a connection has none to end yet: it ends as soon as it gets one. */
  #end(reason: Error): void {
    this.#ending = reason
    this.#controller?.abort(reason)
  }

  #lateness(): Error {
    return this.#controller === null
      ? new errors.ConnectTimeoutError('no connection in time')
      : new errors.HeadersTimeoutError('the answer did not end in time')
  }
}
