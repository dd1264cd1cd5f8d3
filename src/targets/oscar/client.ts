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
  readonly #login: (() => string) | null
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
    if (this.#login === null) return null
    return this.#ask({ method: 'GET', path, headers: { authorization: this.#login() } }, signal)
  }

  close(): Promise<void> {
    return this.#connections.close()
  }

  async #serviceToken(signal: AbortSignal): Promise<string> {
    if (this.#token !== null) return this.#token.get().reveal()
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
    const { token } = serviceSchema.parse(parseJson(answer.body))
    return token
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

function loginOf({ login }: OscarOptions, deps: TargetDeps): (() => string) | null {
  if (login === undefined) return null
  if ('bearer' in login) {
    const token = deps.secret(login.bearer)
    return () => `Bearer ${token.get().reveal()}`
  }
  const { username, password } = login.basic
  const secret = deps.secret(password)
  return () => `Basic ${Buffer.from(`${username}:${secret.get().reveal()}`, 'utf8').toString('base64')}`
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
