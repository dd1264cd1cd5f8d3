import pRetry from 'p-retry'
import { ConfigError, type SourceError } from '../../core/errors.ts'
import { sleep } from '../../lib/clock.ts'
import type { SourceDeps } from '../define.ts'
import { type Refusal, sourceError, tokenRefusal } from './errors.ts'
import { createLimiter } from './limiter.ts'
import type { Connection } from './provider.ts'
import { type Answer, createWire, defaultMaxBytes, type Request, type Success } from './wire.ts'

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

/** Asks one server. Failures are answers; it rejects only when the signal aborts. */
export interface Client {
  readonly origin: string
  ask(ask: Ask, signal: AbortSignal): Promise<Answer>
  /** As `ask`, but a refusal rejects with the `SourceError` that belongs to it. */
  demand(ask: Ask, signal: AbortSignal): Promise<Success>
  /** The error for a refusal that `ask` gave. */
  error(ask: Pick<Ask, 'route'>, refusal: Refusal): SourceError
  /** Resolves when a question would be asked at once; rejects when the signal aborts. */
  free(signal: AbortSignal): Promise<void>
  close(): void
}

export interface ClientOptions {
  readonly connection: Connection
  /** `/api/v3/oneprovider` or `/api/v3/onezone`. */
  readonly root: string
  readonly limits: { readonly concurrency: number; readonly perSecond: number }
  readonly requestTimeoutMs: number
}

/** Before the first and the second repetition; what takes longer is left to the watch, which backs off in its own way. */
const retryDelaysMs = [200, 1_000]

/** Builds the client of one server: keep-alive connections, limits, time-outs, retries, one new look at the token after a 401. */
export function createClient(options: ClientOptions, deps: SourceDeps): Client {
  const { connection } = options
  const limiter = createLimiter(deps.clock, options.limits)
  const wire = createWire(connection, options.limits.concurrency)

  const once = (ask: Ask, token: string | null, signal: AbortSignal) =>
    limiter.run(async () => {
      deps.meter.underWay?.(1)
      try {
        const { clock } = deps
        const answer = await wire.exchange(requestOf(ask, options, token), {
          clock,
          timeoutMs: options.requestTimeoutMs,
          signal,
        })
        deps.meter.call(ask.route, answer.status ?? 'error')
        return answer.result
      } finally {
        deps.meter.underWay?.(-1)
      }
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
    free: (signal) => limiter.free(signal),
    close: () => wire.close(),
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
