import type { IncomingHttpHeaders } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { sleep } from '../lib/clock.ts'
import { ApiError, forbidden, posixError, unauthorized, unavailable } from './api-error.ts'
import { type ErrorContext, errorAnswer } from './error-envelope.ts'
import type { Answer, Exchange, Route } from './exchange.ts'
import type { HttpFault } from './faults.ts'
import type { Incoming, Listener, Outgoing } from './listener.ts'
import { PosixError } from './model/posix-error.ts'
import type { ProviderState } from './provider-state.ts'
import type { RequestLog } from './request-log.ts'
import { type Match, Router } from './router.ts'
import type { Caller } from './tokens.ts'

/** What the server itself needs of a provider; a zone has as much. */
export type ServerState = Pick<ProviderState, 'id' | 'generation' | 'clock' | 'log' | 'tokens' | 'faults' | 'domain'>

export interface HttpServerOptions {
  readonly state: ServerState
  readonly routes: readonly Route[]
  readonly requests: RequestLog
  readonly listener: Listener
}

/** One request, and the ways to answer it. */
interface Visit {
  readonly request: Incoming
  readonly response: Outgoing
  readonly reset: () => void
}

/** Serves routes as a provider's listener does; can be stopped and started again on the same port. */
export class HttpServer {
  readonly #options: HttpServerOptions
  readonly #router: Router
  #isListening = false

  constructor(options: HttpServerOptions) {
    this.#options = options
    this.#router = new Router(options.routes)
  }

  get isListening(): boolean {
    return this.#isListening
  }

  /** Resolves with the port; rejects when it is taken. */
  async listen(port: number, host: string): Promise<number> {
    const taken = await this.#options.listener.listen(
      port,
      host,
      (request, response, reset) => void this.#serve({ request, response, reset }),
    )
    this.#isListening = true
    return taken
  }

  /** Drops all connections, as a machine that loses power does. */
  async close(): Promise<void> {
    this.#isListening = false
    await this.#options.listener.close()
  }

  async #serve(visit: Visit): Promise<void> {
    const { request, response } = visit
    // Streams and uploads that break off are ended by whoever notices; nothing here may end the process.
    response.on('error', () => {})
    try {
      await this.#exchange(visit)
    } catch (error) {
      this.#options.state.log.debug({ err: error, url: request.url }, 'a simulated answer broke off')
      response.destroy()
    }
  }

  async #exchange(visit: Visit): Promise<void> {
    const { request, response } = visit
    const { state, requests } = this.#options
    const { method = 'GET', url = '/' } = request
    const [path = '', search = ''] = splitOnce(url, '?')
    const match = this.#router.match(method, path)
    const route = isMatch(match) ? `${method} ${match.route.template}` : 'unknown'
    const done = requests.add({ at: state.clock.now(), method, url, route })
    response.on('finish', () => done(response.statusCode))
    response.setHeader('date', new Date(state.clock.now()).toUTCString())
    for (const fault of state.faults.hit(`${method} ${path}`)) {
      if (await this.#suffer(fault, visit)) return
    }
    const answer = isMatch(match) ? await this.#handle(match, search, visit) : nowhere(method, match)
    if (answer !== null) await send(response, answer)
  }

  async #handle({ route, params, rest }: Match, search: string, { request, response }: Visit): Promise<Answer | null> {
    let caller: Caller | null | undefined
    const exchange: Exchange = {
      method: route.method,
      params,
      rest,
      search,
      query: new URLSearchParams(search),
      request,
      response,
      caller: () => {
        caller ??= this.#options.state.tokens.authenticate(tokenOf(request.headers))
        return caller
      },
    }
    try {
      return await route.handler(exchange)
    } catch (error) {
      if (request.destroyed && !request.complete) throw error
      return this.#refusal(error)
    }
  }

  #refusal(error: unknown): Answer {
    if (error instanceof ApiError) return errorAnswer(error.facts, this.#errorContext())
    if (error instanceof PosixError) return errorAnswer(posixError(error.errno).facts, this.#errorContext())
    this.#options.state.log.warn({ err: error }, 'the simulator failed at a request')
    return errorAnswer(
      {
        status: 500,
        id: 'internalServerError',
        details: { reference: 'simulated' },
        description: 'The server has encountered an error while processing this request.',
      },
      this.#errorContext(),
    )
  }

  #errorContext(): ErrorContext {
    const { state } = this.#options
    return { generation: state.generation, providerId: state.id, domain: state.domain(), now: state.clock.now() }
  }

  /** True where the fault has taken the request's answer. */
  async #suffer(fault: HttpFault, { response, reset }: Visit): Promise<boolean> {
    switch (fault.kind) {
      case 'latency': {
        const gone = new AbortController()
        response.on('close', () => gone.abort(new Error('the client is gone')))
        await sleep(this.#options.state.clock, fault.ms, gone.signal)
        return false
      }
      case 'reset':
        reset()
        return true
      case 'hang':
        return true
      case 'html':
        await send(response, { status: fault.status, headers: { 'content-type': 'text/html' }, body: page })
        return true
      case 'error': {
        const answer = errorAnswer(errorOf(fault.status).facts, this.#errorContext())
        await send(response, { ...answer, headers: { ...answer.headers, ...fault.headers } })
        return true
      }
    }
  }
}

const page = '<!DOCTYPE html><html><body><h1>Something went wrong</h1></body></html>'

function errorOf(status: 401 | 403 | 500 | 503): ApiError {
  if (status === 401) return unauthorized({ id: 'tokenInvalid', description: 'Provided token is not valid.' })
  if (status === 403) return forbidden()
  if (status === 503) return unavailable()
  return new ApiError({
    status,
    id: 'internalServerError',
    details: { reference: 'simulated' },
    description: 'Server error.',
  })
}

/** What the GUI's static files answer: nothing to get, and nothing else allowed; no JSON in either case. */
function nowhere(method: string, others: readonly string[] | null): Answer {
  if (others !== null) return { status: 405, headers: { allow: [...new Set(others)].join(', ') } }
  return { status: method === 'GET' ? 404 : 405 }
}

function isMatch(match: Match | readonly string[] | null): match is Match {
  return match !== null && 'route' in match
}

function tokenOf(headers: IncomingHttpHeaders): string | null {
  const own = headers['x-auth-token']
  if (typeof own === 'string') return own
  const bearer = /^Bearer\s+(\S+)$/i.exec(headers.authorization ?? '')?.[1]
  const macaroon = headers.macaroon
  return bearer ?? (typeof macaroon === 'string' ? macaroon : null)
}

async function send(response: Outgoing, { status, headers, body }: Answer): Promise<void> {
  const whole = typeof body === 'string' ? Buffer.from(body) : body
  const length = whole instanceof Uint8Array ? { 'content-length': String(whole.length) } : {}
  response.writeHead(status, { 'access-control-allow-origin': '*', ...length, ...headers })
  if (whole === undefined || whole instanceof Uint8Array) response.end(whole)
  else await pipeline(whole, response)
}

function splitOnce(text: string, separator: string): readonly string[] {
  const at = text.indexOf(separator)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}
