import { z } from 'zod'
import { ConfigError } from '../../core/errors.ts'
import type { SecretSource } from '../../lib/secret.ts'
import type { TargetDeps } from '../define.ts'
import { Connections } from '../http/connections.ts'
import { type Bounds, firstHeader } from '../http/exchange.ts'
import type { OscarOptions } from './options.ts'

/** An answer of the cluster. */
export interface OscarAnswer {
  readonly status: number
  readonly body: string
  readonly retryAfter: string | undefined
}

interface Ask {
  readonly method: 'GET' | 'POST'
  /** Below the address of the cluster; already encoded. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

type Limits = Pick<Bounds, 'signal' | 'until'>

/** An answer that is longer is none that we understand. */
const mostBytes = 4 * 1_048_576

/** Talks to one OSCAR cluster about one service. */
export class OscarClient {
  readonly #options: OscarOptions
  readonly #deps: TargetDeps
  readonly #connections: Connections
  readonly #token: SecretSource | null
  readonly #login: ((anew: boolean) => string) | null
  #fetched: string | null = null

  constructor(options: OscarOptions, deps: TargetDeps) {
    this.#options = options
    this.#deps = deps
    this.#connections = new Connections(options, deps)
    this.#token = options.token === undefined ? null : deps.secret(options.token)
    this.#login = loginOf(options, deps)
  }

  /** Whether the cluster can be asked about services and jobs. */
  get canLogIn(): boolean {
    return this.#login !== null
  }

  /**
   * `POST /job/{service}`. A token that is refused is fetched, or read, anew once; all of it together within the time-out. Rejects with the error of the
   * connection, or `ConfigError`.
   */
  async startJob(body: string, name: string, signal: AbortSignal): Promise<OscarAnswer> {
    const limits = this.#limits(signal)
    const post = (token: string) =>
      this.#ask(
        {
          method: 'POST',
          path: `/job/${this.#options.service}`,
          headers: {
            authorization: `Bearer ${token}`,
            'content-type': 'application/json',
            // From OSCAR 4.1 on this names the job, so that a repeat is recognised.
            'x-delegated-job-id': name,
          },
          body,
        },
        limits,
      )
    const token = await this.#serviceToken(limits)
    const answer = await post(token)
    if (answer.status !== 401) return answer
    const renewed = await this.#renewedToken(limits)
    return renewed === null || renewed === token ? answer : post(renewed)
  }

  /** A page of what asks for a login, within the time-out. Null where there is none. */
  get(path: string, signal: AbortSignal): Promise<OscarAnswer | null> {
    return this.#get(path, this.#limits(signal))
  }

  /** Who stands between, for a message that the connection failed (`throughProxy`). */
  get way(): string {
    return this.#connections.way
  }

  close(): Promise<void> {
    return this.#connections.close()
  }

  #limits(signal: AbortSignal): Limits {
    return { signal, until: this.#deps.clock.now() + this.#deps.timeoutMs }
  }

  async #get(path: string, limits: Limits): Promise<OscarAnswer | null> {
    const login = this.#login
    if (login === null) return null
    const ask = (authorization: string) => this.#ask({ method: 'GET', path, headers: { authorization } }, limits)
    const answer = await ask(login(false))
    return answer.status === 401 ? ask(login(true)) : answer
  }

  async #serviceToken(limits: Limits): Promise<string> {
    // One that was fetched is newer than the one that is configured: that was refused.
    if (this.#fetched === null && this.#token !== null) return this.#token.get().reveal()
    this.#fetched ??= await this.#fetchToken(limits)
    return this.#fetched
  }

  async #renewedToken(limits: Limits): Promise<string | null> {
    if (this.#login === null) return this.#token?.refresh().reveal() ?? null
    this.#fetched = await this.#fetchToken(limits)
    return this.#fetched
  }

  async #fetchToken(limits: Limits): Promise<string> {
    const { service } = this.#options
    const answer = await this.#get(`/system/services/${service}`, limits)
    if (answer === null || answer.status !== 200) {
      throw new ConfigError(
        'CONFIG_INVALID',
        `the cluster did not give the token of service ${service} (${answer?.status})`,
      )
    }
    const parsed = serviceSchema.safeParse(parseJson(answer.body))
    if (parsed.success) return parsed.data.token
    throw new ConfigError('CONFIG_INVALID', `what answers at ${this.#options.url} is no OSCAR cluster`)
  }

  async #ask({ method, path, headers, body }: Ask, limits: Limits): Promise<OscarAnswer> {
    const url = new URL(this.#options.url)
    this.#deps.egress.checkHost(url.hostname)
    const request = {
      origin: url.origin,
      method,
      path: `${url.pathname.replace(/\/$/, '')}${path}`,
      headers: { 'user-agent': 'OneTrigger', ...headers },
      ...(body === undefined ? {} : { body }),
    }
    const bounds = { ...limits, clock: this.#deps.clock, mostBytes }
    const answer = await this.#connections.to(url).exchange(request, bounds)
    if (!answer.isWhole) throw new ConfigError('CONFIG_INVALID', 'the answer is too long to be one of an OSCAR cluster')
    const { status, body: bytes } = answer
    return { status, body: bytes.toString('utf8'), retryAfter: firstHeader(answer, 'retry-after') }
  }
}

const serviceSchema = z.object({ token: z.string().min(1) })

/** The header that logs in; `anew` reads its secret again. */
function loginOf({ login }: OscarOptions, deps: TargetDeps): ((anew: boolean) => string) | null {
  if (login === undefined) return null
  const secret = deps.secret('bearer' in login ? login.bearer : login.basic.password)
  const read = (anew: boolean) => (anew ? secret.refresh() : secret.get()).reveal()
  if ('bearer' in login) return (anew) => `Bearer ${read(anew)}`
  const { username } = login.basic
  return (anew) => `Basic ${Buffer.from(`${username}:${read(anew)}`, 'utf8').toString('base64')}`
}

/** JSON, or undefined where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
