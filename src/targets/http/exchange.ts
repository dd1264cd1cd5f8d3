import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import { cappedBytes, mostAnswerBytes } from '../../lib/capped.ts'

/** An answer with as much of its body as is kept. */
export interface CappedResponse {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/**
 * One request and its answer. Resolves when the answer is whole or has more than is kept of it, which ends its connection; rejects with undici's error, or
 * with the signal's reason. On undici's handlers instead of its `request`: a stream and an abort signal per attempt would cost as much as the rest of it.
 */
export function exchange(
  dispatcher: Dispatcher,
  request: Dispatcher.DispatchOptions,
  signal: AbortSignal,
): Promise<CappedResponse> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    dispatcher.dispatch(request, new Exchange(signal, resolve, reject))
  })
}

class Exchange implements Dispatcher.DispatchHandler {
  readonly #signal: AbortSignal
  readonly #resolve: (response: CappedResponse) => void
  readonly #reject: (error: unknown) => void
  #controller: Dispatcher.DispatchController | null = null
  #status = 0
  #headers: IncomingHttpHeaders = {}
  #chunks: Buffer[] = []
  #length = 0

  constructor(signal: AbortSignal, resolve: (response: CappedResponse) => void, reject: (error: unknown) => void) {
    this.#signal = signal
    this.#resolve = resolve
    this.#reject = reject
    signal.addEventListener('abort', this.#abort)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#signal.aborted) this.#abort()
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    this.#status = status
    this.#headers = headers
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#length += chunk.length
    if (this.#length <= mostAnswerBytes) return
    this.#done()
    controller.abort(new Error('the rest of the answer is not wanted'))
  }

  onResponseEnd(): void {
    this.#done()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#signal.removeEventListener('abort', this.#abort)
    this.#reject(error)
  }

  #done(): void {
    this.#signal.removeEventListener('abort', this.#abort)
    const body = this.#length === 0 ? '' : cappedBytes(Buffer.concat(this.#chunks, this.#length))
    this.#resolve({ status: this.#status, headers: this.#headers, body })
  }

  /** What waits in undici's queue has no connection to end yet: it ends as soon as it gets one. */
  readonly #abort = (): void => {
    this.#reject(this.#signal.reason)
    this.#controller?.abort(asError(this.#signal.reason))
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('broken off')
}
