import { z } from 'zod'
import { ConfigError } from '../../core/errors.ts'
import type { SecretSource } from '../../lib/secret.ts'
import type { TargetDeps } from '../define.ts'
import { Connections } from '../http/connections.ts'
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

  /** `POST /job/{service}`. A token that is refused is fetched, or read, anew once. Rejects with the error of the connection, or `ConfigError`. */
  async startJob(body: string, name: string, signal: AbortSignal): Promise<OscarAnswer> {
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
        signal,
      )
    const token = await this.#serviceToken(signal)
    const answer = await post(token)
    if (answer.status !== 401) return answer
    const renewed = await this.#renewedToken(signal)
    return renewed === null || renewed === token ? answer : post(renewed)
  }

  /** A page of what asks for a login. Null where there is none. */
  async get(path: string, signal: AbortSignal): Promise<OscarAnswer | null> {
    const login = this.#login
    if (login === null) return null
    const ask = (authorization: string) => this.#ask({ method: 'GET', path, headers: { authorization } }, signal)
    const answer = await ask(login(false))
    return answer.status === 401 ? ask(login(true)) : answer
  }

  close(): Promise<void> {
    return this.#connections.close()
  }

  async #serviceToken(signal: AbortSignal): Promise<string> {
    // One that was fetched is newer than the one that is configured: that was refused.
    if (this.#fetched === null && this.#token !== null) return this.#token.get().reveal()
    this.#fetched ??= await this.#fetchToken(signal)
    return this.#fetched
  }

  async #renewedToken(signal: AbortSignal): Promise<string | null> {
    if (this.#login === null) return this.#token?.refresh().reveal() ?? null
    this.#fetched = await this.#fetchToken(signal)
    return this.#fetched
  }

  async #fetchToken(signal: AbortSignal): Promise<string> {
    const { service } = this.#options
    const answer = await this.get(`/system/services/${service}`, signal)
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

  async #ask({ method, path, headers, body }: Ask, signal: AbortSignal): Promise<OscarAnswer> {
    const url = new URL(this.#options.url)
    this.#deps.egress.checkHost(url.hostname)
    const { timeoutMs } = this.#deps
    const response = await this.#connections.to(url).request({
      origin: url.origin,
      method,
      path: `${url.pathname.replace(/\/$/, '')}${path}`,
      headers: { 'user-agent': 'OneTrigger', ...headers },
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      ...(body === undefined ? {} : { body }),
      signal,
    })
    const retryAfter = response.headers['retry-after']
    return {
      status: response.statusCode,
      body: await readBounded(response.body),
      retryAfter: Array.isArray(retryAfter) ? retryAfter[0] : retryAfter,
    }
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

async function readBounded(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    length += chunk.length
    if (length > mostBytes)
      throw new ConfigError('CONFIG_INVALID', 'the answer is too long to be one of an OSCAR cluster')
  }
  return Buffer.concat(chunks).toString('utf8')
}
