import { STATUS_CODES } from 'node:http'
import { isIPv6, type Socket } from 'node:net'
import { type FastifyInstance, type FastifyReply, fastify } from 'fastify'
import { ConfigError } from '../core/errors.ts'
import type { PartHealth } from '../core/source.ts'
import type { Log } from '../lib/log.ts'
import { problem, problemType } from './problem.ts'

/** The whole as `/readyz` shows it. */
export interface Health {
  /** False while starting, while stopping, and while something essential does not work. */
  readonly ready: boolean
  /** By name, e.g. `store`, `source:datahub`, `target:hook`. */
  readonly parts: Readonly<Record<string, PartHealth>>
}

export interface HttpOptions {
  /** Port 0 takes any free one. */
  readonly listen: { readonly host: string; readonly port: number }
  readonly health: () => Health
  /** The Prometheus text of this moment. */
  readonly metrics: () => Promise<string>
  readonly log: Log
}

/** A running server. */
export interface HttpServer {
  /** `http://HOST:PORT` with the port that was really taken, no slash at the end. */
  readonly url: string
  /** Stops listening and cuts what is open; may be called twice. */
  close(): Promise<void>
}

/** No route has a schema: whole compilers of them, which Fastify would load at the start, are left out. */
const noSchemas = { buildValidator: refuseSchema, buildSerializer: refuseSchema }

/** Nothing here takes a body yet; `/api/v1` will raise this for its own routes. */
const maxBodyBytes = 16 * 1024
const maxHeaderBytes = 16 * 1024
/** A client has this long to send its request; a slower one holds a socket only for so long. */
const requestTimeoutMs = 10_000
/** One that takes nothing of its answer is cut after this long, or twice that: its socket would be held for ever. Longer than the above, which is answered. */
const stalledMs = 12_000
const maxConnections = 256

/**
 * Serves `/livez` (200 while the event loop turns), `/readyz` (200 or 503, every part with the reason) and `/metrics`; everything else is a
 * problem+json. None of them needs a token or tells a secret. Rejects with `ConfigError` `LISTEN_FAILED`.
 */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const app = createApp(options.log)
  refusePipelining(app)
  addProbes(app, options)
  await listen(app, options.listen)
  const url = `http://${address(options.listen.host, boundPort(app))}`
  return { url, close: () => app.close() }
}

function createApp(log: Log): FastifyInstance {
  const app = fastify({
    logger: false,
    schemaController: { compilersFactory: noSchemas },
    bodyLimit: maxBodyBytes,
    requestTimeout: requestTimeoutMs,
    connectionTimeout: stalledMs,
    http: { headersTimeout: requestTimeoutMs, maxHeaderSize: maxHeaderBytes, connectionsCheckingInterval: 1_000 },
    // A probe that keeps its connection open must not hold up the end of the process.
    forceCloseConnections: true,
    frameworkErrors: (error, _request, reply) => sendProblem(reply, error.statusCode ?? 400, error.message),
    clientErrorHandler: refuseBrokenRequest,
  })
  app.server.maxConnections = maxConnections
  // Fastify's own look-up takes what it is given for the pattern of a route, and throws where a stranger's path is none.
  const addresses = new Set<string>()
  app.addHook('onRoute', ({ url }) => void addresses.add(url))
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] ?? '/'
    if (!addresses.has(path)) return sendProblem(reply, 404, 'There is nothing at this address.')
    return sendProblem(reply.header('allow', 'GET, HEAD'), 405, 'This address only answers GET.')
  })
  app.setErrorHandler((error, _request, reply) => {
    const status = clientStatus(error)
    if (status !== null) return sendProblem(reply, status, error instanceof Error ? error.message : 'Bad request.')
    log.error({ err: error }, 'a request failed')
    return sendProblem(reply, 500, 'The request failed; the log tells why.')
  })
  return app
}

/** Who asks again before the answer is there is cut off: a whole answer would be kept for each of thousands of requests that come at once. */
function refusePipelining(app: FastifyInstance): void {
  const answering = new WeakSet<Socket>()
  app.addHook('onRequest', (request, reply, next) => {
    const { socket } = request.raw
    if (answering.has(socket)) {
      reply.hijack()
      return void socket.destroy()
    }
    answering.add(socket)
    next()
  })
  app.addHook('onResponse', (request, _reply, next) => {
    answering.delete(request.raw.socket)
    next()
  })
}

function refuseSchema(): never {
  throw new Error('routes have no schemas here: give Fastify its compilers back first')
}

/** Probes and metrics. The routes of `/api/v1` will be one more function like this one. */
function addProbes(app: FastifyInstance, { health, metrics }: HttpOptions): void {
  app.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff')
  })
  app.get('/livez', () => ({ alive: true }))
  app.get('/readyz', (_request, reply) => {
    const { ready, parts } = health()
    return reply.code(ready ? 200 : 503).send({ ready, parts: mapValues(parts, describePart) })
  })
  app.get('/metrics', async (_request, reply) =>
    reply.type('text/plain; version=0.0.4; charset=utf-8').send(await metrics()),
  )
}

function describePart(part: PartHealth): object {
  const { ok, since, detail, repairWithinMs } = part
  return {
    ok,
    since: new Date(since).toISOString(),
    detail,
    ...(repairWithinMs === undefined ? {} : { repairWithinMs }),
  }
}

function mapValues<T, R>(record: Readonly<Record<string, T>>, map: (value: T) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]))
}

function sendProblem(reply: FastifyReply, status: number, detail: string): FastifyReply {
  return reply.code(status).type(problemType).send(problem(status, detail))
}

/** The 4xx that Fastify gave an error of the caller's making; null = the failure is ours. */
function clientStatus(error: unknown): number | null {
  if (!(error instanceof Error) || !('statusCode' in error) || typeof error.statusCode !== 'number') return null
  return error.statusCode >= 400 && error.statusCode < 500 ? error.statusCode : null
}

/** What could not even be parsed as HTTP never reaches a route; Node leaves the answer to us. */
function refuseBrokenRequest(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const status = brokenRequestStatus[error.code ?? ''] ?? 400
  const body = JSON.stringify(problem(status, 'The request is not valid HTTP, too large or too slow.'))
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: ${problemType}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}

const brokenRequestStatus: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
}

const listenAdvice: Readonly<Record<string, string>> = {
  EADDRINUSE: 'it is in use already; stop the other process or choose another address with --listen',
  EACCES: 'this user may not open it; choose a port above 1023 with --listen',
  EADDRNOTAVAIL: 'this machine has no such address; choose one that it has, or 0.0.0.0, with --listen',
  ENOTFOUND: 'the host name is not known; give an address of this machine with --listen',
}

async function listen(app: FastifyInstance, { host, port }: HttpOptions['listen']): Promise<void> {
  try {
    await app.listen({ host, port })
  } catch (cause) {
    await app.close()
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
    const why = listenAdvice[code] ?? (cause instanceof Error ? cause.message : String(cause))
    throw new ConfigError('LISTEN_FAILED', `Health and metrics cannot be served on ${address(host, port)}: ${why}.`, {
      cause,
      details: { host, port },
    })
  }
}

function boundPort(app: FastifyInstance): number {
  const bound = app.server.address()
  return bound !== null && typeof bound === 'object' ? bound.port : 0
}

function address(host: string, port: number): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`
}
