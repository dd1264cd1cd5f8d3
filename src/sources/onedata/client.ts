import http from 'node:http'
import https from 'node:https'
import { addAbortSignal, type Readable } from 'node:stream'
import axios, { type AxiosInstance } from 'axios'
import pRetry from 'p-retry'
import { ConfigError, type SourceError } from '../../core/errors.ts'
import { type Clock, sleep } from '../../lib/clock.ts'
import type { SourceDeps } from '../define.ts'
import { outOfProtocol, parseJson, type Refusal, refusalOf, sourceError, tokenRefusal, unreachable } from './errors.ts'
import { createLimiter } from './limiter.ts'
import type { Connection } from './provider.ts'

/** One question. */
export interface Ask {
  /** Method and template, `GET /data/{id}/files`: what is counted, and with `params` put in, what is asked. */
  readonly route: string
  /** Values of the template, encoded here; a list becomes several segments. */
  readonly params?: Readonly<Record<string, string | readonly string[]>>
  readonly query?: readonly (readonly [name: string, value: string])[]
  /** Sent as JSON. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** How the token goes along: as a header (usual), not at all (public routes), or as the body `{"token"}`, which then is all there is. */
  readonly auth?: 'header' | 'none' | 'body'
  /** Bytes of a success; a longer one is refused. */
  readonly maxBytes?: number
  /** The status is all that matters: a success is cut off unread, and its body is undefined. */
  readonly statusOnly?: boolean
  /** What comes before the template, where it is not the client's own. */
  readonly root?: string
}

export interface Success {
  readonly kind: 'ok'
  readonly body: unknown
  /** The answer's `Date`, milliseconds since the epoch; null where it has none. */
  readonly serverTimeMs: number | null
  readonly contentType: string
}

export type Answer = Success | Refusal

/** Asks one server. Failures are answers; it rejects only when the signal aborts. */
export interface Client {
  readonly origin: string
  ask(ask: Ask, signal: AbortSignal): Promise<Answer>
  /** As `ask`, but a refusal rejects with the `SourceError` that belongs to it. */
  demand(ask: Ask, signal: AbortSignal): Promise<Success>
  /** The error for a refusal that `ask` gave. */
  error(ask: Pick<Ask, 'route'>, refusal: Refusal): SourceError
  close(): void
}

export interface ClientOptions {
  readonly connection: Connection
  /** `/api/v3/oneprovider` or `/api/v3/onezone`. */
  readonly root: string
  readonly limits: { readonly concurrency: number; readonly perSecond: number }
  readonly requestTimeoutMs: number
}

/** Errors and small answers stay below this. */
const defaultMaxBytes = 4 * 1024 * 1024

/** Before the first and the second repetition; what takes longer is left to the watch, which backs off in its own way. */
const retryDelaysMs = [200, 1_000]

/** Builds the client of one server: keep-alive connections, limits, time-outs, retries, one new look at the token after a 401. */
export function createClient(options: ClientOptions, deps: SourceDeps): Client {
  const { connection } = options
  const limiter = createLimiter(deps.clock, options.limits)
  const agents = createAgents(connection, options.limits.concurrency)
  const instance = createInstance(connection, agents)

  const once = (ask: Ask, token: string | null, signal: AbortSignal) =>
    limiter.run(async () => {
      const answer = await exchange(instance, requestOf(ask, options, token), {
        clock: deps.clock,
        timeoutMs: options.requestTimeoutMs,
        signal,
      })
      deps.meter.call(ask.route, answer.status ?? 'error')
      return answer.result
    }, signal)

  const withRetries = (ask: Ask, token: string | null, signal: AbortSignal) =>
    retryTransient(() => once(ask, token, signal), deps, signal)

  const withToken = async (question: Ask, read: () => string, signal: AbortSignal): Promise<Answer> => {
    const token = readToken(read)
    if (typeof token !== 'string') return token
    const answer = await withRetries(question, token, signal)
    return question.auth === 'body' ? blamedOnToken(answer) : answer
  }

  const ask = async (question: Ask, signal: AbortSignal): Promise<Answer> => {
    if (question.auth === 'none') return withRetries(question, null, signal)
    const answer = await withToken(question, connection.token, signal)
    return answer.kind === 'unauthorized' ? withToken(question, connection.refreshToken, signal) : answer
  }

  const error = (question: Pick<Ask, 'route'>, refusal: Refusal) =>
    sourceError(refusal, { source: deps.name, origin: connection.origin, route: question.route })

  return {
    origin: connection.origin,
    ask,
    demand: async (question, signal) => {
      const answer = await ask(question, signal)
      if (answer.kind !== 'ok') throw error(question, answer)
      return answer
    },
    error,
    close: () => {
      agents.http.destroy()
      agents.https.destroy()
    },
  }
}

/** A token that cannot be read now (its file is being replaced, say) is as good as one that is refused. */
function readToken(read: () => string): string | Refusal {
  try {
    return read()
  } catch (error) {
    if (error instanceof ConfigError) return tokenRefusal(error.message)
    throw error
  }
}

/** Where the token is the whole question, an error of the API with any 4xx is about the token. */
function blamedOnToken(answer: Answer): Answer {
  if (answer.kind === 'ok' || answer.kind === 'unavailable' || answer.id === null) return answer
  return { ...answer, kind: 'unauthorized' }
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

function createInstance(connection: Connection, agents: ReturnType<typeof createAgents>): AxiosInstance {
  return axios.create({
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
}

interface Request {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  readonly maxBytes: number
  readonly statusOnly: boolean
}

function requestOf(ask: Ask, options: ClientOptions, token: string | null): Request {
  const body = ask.auth === 'body' ? { token } : ask.body
  const space = ask.route.indexOf(' ')
  const path = fill(ask.route.slice(space + 1), ask.params ?? {})
  const query = (ask.query ?? []).map(([name, value]) => `${encode(name)}${value === '' ? '' : `=${encode(value)}`}`)
  const search = query.length === 0 ? '' : `?${query.join('&')}`
  return {
    method: ask.route.slice(0, space),
    url: `${options.connection.origin}${ask.root ?? options.root}${path}${search}`,
    headers: {
      ...ask.headers,
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...(token === null || ask.auth === 'body' ? {} : { 'X-Auth-Token': token }),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
    maxBytes: ask.maxBytes ?? defaultMaxBytes,
    statusOnly: ask.statusOnly ?? false,
  }
}

function fill(template: string, params: NonNullable<Ask['params']>): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => [params[name] ?? ''].flat().map(encode).join('/'))
}

/** Percent-encodes one segment. A lone half of a surrogate pair, which no encoding has, becomes U+FFFD. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed())
}

interface Exchange {
  /** Null where no answer came. */
  readonly status: number | null
  readonly result: Answer
}

interface Limits {
  readonly clock: Clock
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** One request and its answer, bounded in time and size. */
async function exchange(instance: AxiosInstance, request: Request, limits: Limits): Promise<Exchange> {
  const ended = new AbortController()
  const abort = () => ended.abort()
  limits.signal.addEventListener('abort', abort, { once: true })
  const cancelTimer = limits.clock.timer(limits.timeoutMs, abort)
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
    const stream = addAbortSignal(ended.signal, response.data)
    return { status, result: await readAnswer(request, response, stream) }
  } catch (error) {
    limits.signal.throwIfAborted()
    if (ended.signal.aborted) {
      return { status, result: unreachable(`it did not answer within ${limits.timeoutMs / 1_000} s`, false) }
    }
    return { status, result: failureOf(error) }
  } finally {
    cancelTimer()
    limits.signal.removeEventListener('abort', abort)
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

/** Only code and text of a network error are kept: the error itself carries the request's headers, and with them the token. */
function failureOf(error: unknown): Refusal {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
  if (!certificateErrors.has(code)) return unreachable(`the connection failed (${code})`, true)
  return unreachable(`its certificate is not trusted (${code}); name its authority with \`ca\``, false)
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

/** Carries a refusal through p-retry, which repeats on exceptions only. */
class TransientRefusal extends Error {
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super(refusal.reason)
    this.refusal = refusal
  }
}

async function retryTransient(once: () => Promise<Answer>, deps: SourceDeps, signal: AbortSignal): Promise<Answer> {
  const attempt = async () => {
    const answer = await once()
    if (answer.kind !== 'ok' && answer.transient) throw new TransientRefusal(answer)
    return answer
  }
  try {
    return await pRetry(attempt, {
      retries: retryDelaysMs.length,
      // p-retry waits on the system's clock; ours is injected, so it waits not at all and we do.
      minTimeout: 0,
      signal,
      shouldRetry: ({ error }) => error instanceof TransientRefusal,
      onFailedAttempt: async ({ error, retriesConsumed, retriesLeft }) => {
        if (retriesLeft === 0 || !(error instanceof TransientRefusal)) return
        await sleep(deps.clock, (retryDelaysMs[retriesConsumed] ?? 0) * (0.5 + deps.random()), signal)
      },
    })
  } catch (error) {
    if (error instanceof TransientRefusal) return error.refusal
    throw error
  }
}
