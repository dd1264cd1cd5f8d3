import type { Clock } from '../../lib/clock.ts'
import type { Line, Reply } from '../../lib/network.ts'
import { onAbort } from '../../lib/on-abort.ts'
import { throughProxy } from '../../lib/proxy.ts'
import { outOfProtocol, parseJson, type Refusal, refusalOf, unreachable } from './errors.ts'
import type { Connection } from './provider.ts'

/** A 2xx with what was asked for. */
export interface Success {
  readonly kind: 'ok'
  readonly body: unknown
  /** The answer's `Date`, milliseconds since the epoch; null where it has none. */
  readonly serverTimeMs: number | null
  readonly contentType: string
}

export type Answer = Success | Refusal

/** Bytes that an error may have, and a success of which nothing else is said. */
export const defaultMaxBytes = 4 * 1024 * 1024

/** One request, ready for the wire. */
export interface Request {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  readonly maxBytes: number
  readonly statusOnly: boolean
}

/** What came of it. */
export interface Exchange {
  /** Null where no answer came. */
  readonly status: number | null
  readonly result: Answer
}

interface Bounds {
  readonly clock: Clock
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** Connections to one server, kept open between requests. */
export interface Wire {
  /** One request and its answer, bounded in time and size. Rejects only when the signal aborts, with its reason. */
  exchange(request: Request, bounds: Bounds): Promise<Exchange>
  close(): void
}

/** Opens nothing yet; at most `concurrency` connections at once. */
export function createWire(connection: Connection, concurrency: number): Wire {
  const line = connection.network.questions(connection, concurrency)
  const way = throughProxy(connection.proxy)
  return {
    exchange: (request, bounds) => exchange(line, request, { ...bounds, way }),
    close: () => line.close(),
  }
}

async function exchange(line: Line, request: Request, bounds: Bounds & { readonly way: string }): Promise<Exchange> {
  const ended = new AbortController()
  const abort = () => ended.abort()
  const cancelAbort = onAbort(bounds.signal, abort)
  const cancelTimer = bounds.clock.timer(bounds.timeoutMs, abort)
  let status: number | null = null
  try {
    const { method, url, headers, body } = request
    const reply = await line.send({ method, url, headers, body }, ended.signal)
    status = reply.status
    return { status, result: await readAnswer(request, reply) }
  } catch (error) {
    bounds.signal.throwIfAborted()
    if (ended.signal.aborted) {
      return {
        status,
        result: unreachable(`it did not answer within ${bounds.timeoutMs / 1_000} s${bounds.way}`, false),
      }
    }
    return { status, result: failureOf(error, bounds.way) }
  } finally {
    cancelTimer()
    cancelAbort()
  }
}

async function readAnswer(request: Request, reply: Reply): Promise<Answer> {
  const isSuccess = reply.status >= 200 && reply.status < 300
  if (isSuccess && request.statusOnly) {
    reply.discard()
    return success(reply, undefined)
  }
  const text = await readText(reply.body, isSuccess ? request.maxBytes : defaultMaxBytes)
  if (!isSuccess) return refusalOf(reply.status, text ?? '')
  if (text === null) return outOfProtocol(reply.status, `its answer is longer than ${request.maxBytes} bytes`)
  const body = parseJson(text)
  if (body === undefined)
    return outOfProtocol(reply.status, 'its answer is not JSON; is this the address of a provider?')
  return success(reply, body)
}

/** The whole body, or null (and the connection cut) when it is longer than `maxBytes`. */
export async function readText(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string | null> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    // Leaving the loop cuts the connection.
    if (length > maxBytes) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, length).toString('utf8')
}

function success({ headers }: Reply, body: unknown): Success {
  const ms = Date.parse(String(headers.date ?? ''))
  return {
    kind: 'ok',
    body,
    serverTimeMs: Number.isNaN(ms) ? null : ms,
    contentType: String(headers['content-type'] ?? ''),
  }
}

/** Only the code of a network error is kept: the error itself carries the request's headers, and with them the token. */
function failureOf(error: unknown, way: string): Refusal {
  if (!isNetworkError(error)) throw error
  const { code } = error
  if (!certificateErrors.has(code)) return unreachable(`the connection failed${way} (${code})`, true)
  return unreachable(`its certificate is not trusted${way} (${code}); name its authority with \`ca\``, false)
}

/** What a network rejects with has a code; whatever has none is a defect of our own. */
function isNetworkError(error: unknown): error is { readonly code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
}

const certificateErrors: ReadonlySet<string> = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])
