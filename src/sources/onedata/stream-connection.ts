import { Client, type Dispatcher, ProxyAgent } from 'undici'
import { SourceError } from '../../core/errors.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Connection } from './provider.ts'

export interface StreamRequest {
  readonly connection: Connection
  /** With query; already encoded. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: object
  readonly clock: Clock
  /** Cut the stream when it was silent for this long: a half-open connection says nothing for ever. */
  readonly watchdogMs: number
}

/** An open stream. Leaving the loop over `chunks` closes it. */
export interface OpenStream {
  readonly chunks: AsyncIterable<string>
  close(): void
}

const headersTimeoutMs = 30_000

/**
 * POSTs and resolves when the headers of a 200 are there, that is, when the subscription is active. Rejects with `SourceError`. HTTP/1.1 only: the
 * provider's answer carries headers that HTTP/2 forbids.
 */
export async function openStream(request: StreamRequest, signal: AbortSignal): Promise<OpenStream> {
  const first = await attempt(request, tokenOf(request.connection), signal)
  if (first.statusCode !== 401) return streamOf(request, first, signal)
  first.close()
  return streamOf(request, await attempt(request, refreshedToken(request.connection), signal), signal)
}

interface Attempt {
  readonly statusCode: number
  readonly body: Dispatcher.ResponseData['body']
  close(): void
}

async function attempt(request: StreamRequest, token: string, signal: AbortSignal): Promise<Attempt> {
  const dispatcher = dispatcherOf(request.connection)
  // Destroying rejects what is still under way; nobody waits for it any more.
  const close = () => void dispatcher.destroy().catch(() => {})
  try {
    const { statusCode, body } = await dispatcher.request({
      origin: request.connection.origin,
      method: 'POST',
      path: request.path,
      headers: { ...request.headers, 'Content-Type': 'application/json', 'X-Auth-Token': token },
      body: JSON.stringify(request.body),
      signal,
    })
    return { statusCode, body, close }
  } catch (error) {
    close()
    signal.throwIfAborted()
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    throw new SourceError(
      'SOURCE_UNREACHABLE',
      `${request.connection.origin} could not be reached for its stream (${code})`,
    )
  }
}

/** Connections for bodies that may take as long as they like. */
export function dispatcherOf({ origin, ca, insecure, proxy }: Connection): Dispatcher {
  const tls = { rejectUnauthorized: !insecure, ...(ca === null ? {} : { ca }) }
  const timeouts = { headersTimeout: headersTimeoutMs, bodyTimeout: 0, allowH2: false }
  if (proxy !== null) return new ProxyAgent({ uri: proxy, requestTls: tls, ...timeouts })
  return new Client(origin, { connect: tls, ...timeouts })
}

function streamOf(request: StreamRequest, { statusCode, body, close }: Attempt, signal: AbortSignal): OpenStream {
  if (statusCode === 200) return { chunks: watched(request, body, close, signal), close }
  close()
  const { origin } = request.connection
  if (statusCode === 401) throw new SourceError('SOURCE_UNAUTHORIZED', `${origin} refused the token for its stream`)
  if (statusCode === 403) throw new SourceError('SOURCE_FORBIDDEN', `${origin} does not let this token read its stream`)
  if (statusCode >= 500) throw new SourceError('SOURCE_UNREACHABLE', `${origin} answered ${statusCode} for its stream`)
  throw new SourceError('SOURCE_PROTOCOL', `${origin} answered ${statusCode} for its stream`)
}

async function* watched(
  { clock, watchdogMs, connection }: StreamRequest,
  body: Attempt['body'],
  close: () => void,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let cancel = () => {}
  let silent = false
  const arm = () => {
    cancel()
    cancel = clock.timer(watchdogMs, () => {
      silent = true
      close()
    })
  }
  try {
    arm()
    for await (const chunk of body) {
      // While the chunk is worked on, nobody listens; that is no silence of the provider.
      cancel()
      yield decoder.decode(chunk, { stream: true })
      arm()
    }
  } catch {
    signal.throwIfAborted()
    const why = silent ? 'was silent for too long' : 'broke off'
    throw new SourceError('SOURCE_UNREACHABLE', `the stream of ${connection.origin} ${why}`)
  } finally {
    cancel()
    close()
  }
}

function tokenOf(connection: Connection): string {
  return readable(() => connection.token(), connection)
}

function refreshedToken(connection: Connection): string {
  return readable(() => connection.refreshToken(), connection)
}

/** A token that cannot be read for a moment is an outage, not the end. */
function readable(read: () => string, { origin }: Connection): string {
  try {
    return read()
  } catch (cause) {
    throw new SourceError('SOURCE_UNAUTHORIZED', `the token for ${origin} cannot be read`, { cause })
  }
}
