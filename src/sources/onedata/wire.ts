import http from 'node:http'
import https from 'node:https'
import type { Readable } from 'node:stream'
import axios, { type AxiosInstance } from 'axios'
import type { Clock } from '../../lib/clock.ts'
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
  const agents = createAgents(connection, concurrency)
  const instance = axios.create({
    httpAgent: agents.http,
    httpsAgent: agents.https,
    // The agents go through the configured proxy by themselves; one that only the environment names is not ours.
    ...(connection.proxy === null ? { proxy: false } : {}),
    // A redirect would carry the token to where nobody told us to send it.
    maxRedirects: 0,
    responseType: 'stream',
    validateStatus: () => true,
    transformRequest: [(body) => body],
    transformResponse: [(body) => body],
  })
  return {
    exchange: (request, bounds) => exchange(instance, request, bounds),
    close: () => {
      agents.http.destroy()
      agents.https.destroy()
    },
  }
}

function createAgents({ ca, insecure, proxy }: Connection, concurrency: number) {
  const pool = {
    keepAlive: true,
    maxSockets: concurrency,
    ...(proxy === null ? {} : { proxyEnv: { HTTP_PROXY: proxy, HTTPS_PROXY: proxy } }),
  }
  return {
    http: new http.Agent(pool),
    https: new https.Agent({
      ...pool,
      rejectUnauthorized: !insecure,
      ...(ca === null ? {} : { ca }),
    }),
  }
}

async function exchange(instance: AxiosInstance, request: Request, bounds: Bounds): Promise<Exchange> {
  const ended = new AbortController()
  const abort = () => ended.abort()
  bounds.signal.addEventListener('abort', abort, { once: true })
  const cancelTimer = bounds.clock.timer(bounds.timeoutMs, abort)
  let status: number | null = null
  try {
    const response = await instance.request<Readable>({
      method: request.method,
      url: request.url,
      headers: request.headers,
      data: request.body,
      signal: ended.signal,
    })
    status = response.status
    return { status, result: await readAnswer(request, response, response.data) }
  } catch (error) {
    bounds.signal.throwIfAborted()
    if (ended.signal.aborted) {
      return { status, result: unreachable(`it did not answer within ${bounds.timeoutMs / 1_000} s`, false) }
    }
    return { status, result: failureOf(error) }
  } finally {
    cancelTimer()
    bounds.signal.removeEventListener('abort', abort)
  }
}

interface Response {
  readonly status: number
  readonly headers: { readonly date?: unknown; readonly 'content-type'?: unknown }
}

async function readAnswer(request: Request, response: Response, stream: Readable): Promise<Answer> {
  const isSuccess = response.status >= 200 && response.status < 300
  if (isSuccess && request.statusOnly) {
    stream.destroy()
    return success(response, undefined)
  }
  const text = await readText(stream, isSuccess ? request.maxBytes : defaultMaxBytes)
  if (!isSuccess) return refusalOf(response.status, text ?? '')
  if (text === null) return outOfProtocol(response.status, `its answer is longer than ${request.maxBytes} bytes`)
  const body = parseJson(text)
  if (body === undefined)
    return outOfProtocol(response.status, 'its answer is not JSON; is this the address of a provider?')
  return success(response, body)
}

/** The whole body, or null (and the connection cut) when it is longer than `maxBytes`. */
async function readText(stream: Readable, maxBytes: number): Promise<string | null> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk)
    length += bytes.length
    // Leaving the loop destroys the stream.
    if (length > maxBytes) return null
    chunks.push(bytes)
  }
  return Buffer.concat(chunks, length).toString('utf8')
}

function success(response: Response, body: unknown): Success {
  const ms = Date.parse(String(response.headers.date ?? ''))
  return {
    kind: 'ok',
    body,
    serverTimeMs: Number.isNaN(ms) ? null : ms,
    contentType: String(response.headers['content-type'] ?? ''),
  }
}

/** Only the code of a network error is kept: the error itself carries the request's headers, and with them the token. */
function failureOf(error: unknown): Refusal {
  if (!isNetworkError(error)) throw error
  const code = error.code ?? 'no reason given'
  if (!certificateErrors.has(code)) return unreachable(`the connection failed (${code})`, true)
  return unreachable(`its certificate is not trusted (${code}); name its authority with \`ca\``, false)
}

/** Errors of axios and of Node; whatever has no code is a defect of our own. */
function isNetworkError(error: unknown): error is { readonly code?: string } {
  return axios.isAxiosError(error) || (error instanceof Error && 'code' in error && typeof error.code === 'string')
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
