import { readFileSync } from 'node:fs'
import { Pool } from 'undici'
import { z } from 'zod'
import type { Answer, ClaimedDelivery, Outcome } from '../../core/delivery.ts'
import { ConfigError } from '../../core/errors.ts'
import { parseRetryAfter } from '../../core/retry.ts'
import type { Target } from '../../core/target.ts'
import { formatNames, formats } from '../../formats/registry.ts'
import { checkHost, EgressError, guardedLookup } from '../../lib/egress.ts'
import { secretRef } from '../../lib/fields.ts'
import type { SecretSource } from '../../lib/secret.ts'
import { defineTarget, type TargetDeps } from '../define.ts'
import { outcomeOf, outcomeOfError } from './outcome.ts'
import { sign, signingKey } from './signature.ts'

const options = z.strictObject({
  url: z
    .union([z.url({ protocol: /^https?$/ }), secretRef])
    .describe('Where to POST; a URL with a secret in it may come from the environment or a file'),
  format: z.enum(formatNames).default('classic').describe('How the event is written'),
  headers: z
    .record(z.string().regex(/^[\w!#$%&'*+.^`|~-]+$/), z.union([z.string(), secretRef]))
    .default({})
    .describe('Further headers'),
  auth: z
    .union([
      z.strictObject({ bearer: secretRef.describe('Token of `Authorization: Bearer`') }),
      z.strictObject({
        basic: z.strictObject({ username: z.string(), password: secretRef }).describe('User and password'),
      }),
    ])
    .optional()
    .describe('How to authenticate'),
  secret: secretRef.optional().describe('Signing secret (`whsec_…`): adds `webhook-signature` by Standard Webhooks'),
  ca: z
    .string()
    .min(1)
    .optional()
    .describe('File with the certificates (PEM) to trust instead of the public authorities'),
})

type Options = z.output<typeof options>

/** At most this much of an answer is kept. */
const mostAnswerBytes = 1_024

/** POSTs each event to a URL; signed by Standard Webhooks where a secret is given. */
export const webhook = defineTarget({ type: 'webhook', options, create: (given, deps) => new Webhook(given, deps) })

class Webhook implements Target {
  readonly #options: Options
  readonly #deps: TargetDeps
  readonly #url: () => URL
  readonly #headers: () => string[]
  readonly #secret: SecretSource | null
  readonly #ca: string | null
  #pool: { readonly origin: string; readonly pool: Pool } | null = null

  constructor(given: Options, deps: TargetDeps) {
    this.#options = given
    this.#deps = deps
    this.#url = urlSource(given.url, deps)
    this.#headers = headerSource(given, deps)
    this.#secret = given.secret === undefined ? null : deps.secret(given.secret)
    this.#ca = given.ca === undefined ? null : readCa(given.ca, deps.name)
  }

  async deliver(delivery: ClaimedDelivery, signal: AbortSignal): Promise<Outcome> {
    const { contentType, body, headers: more = {} } = formats[this.#options.format](delivery.event)
    try {
      const url = this.#url()
      checkHost(url.hostname)
      const {
        statusCode,
        headers,
        body: answer,
      } = await this.#poolOf(url.origin).request({
        method: 'POST',
        path: `${url.pathname}${url.search}`,
        headers: [
          ...this.#headers(),
          'Content-Type',
          contentType,
          ...Object.entries(more).flat(),
          ...this.#signed(delivery.id, body),
        ],
        body,
        signal,
      })
      const kept: Answer = { status: statusCode, body: await readCapped(answer) }
      const retryAfter = headers['retry-after']
      return outcomeOf(
        kept,
        parseRetryAfter(Array.isArray(retryAfter) ? retryAfter[0] : retryAfter, this.#deps.clock.wall()),
      )
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof ConfigError || error instanceof EgressError)
        return { kind: 'unavailable', reason: error.message }
      return outcomeOfError(error)
    }
  }

  async probe(signal: AbortSignal): Promise<string> {
    const url = this.#url()
    checkHost(url.hostname)
    // HEAD: whatever it answers, somebody is there, and nothing starts.
    const { statusCode, body } = await this.#poolOf(url.origin).request({ method: 'HEAD', path: '/', signal })
    await body.dump()
    return `${url.origin} answers (${statusCode} to a HEAD of /)`
  }

  async close(): Promise<void> {
    await this.#pool?.pool.destroy()
    this.#pool = null
  }

  /** The address may be a secret that is replaced while this runs. */
  #poolOf(origin: string): Pool {
    if (this.#pool?.origin === origin) return this.#pool.pool
    void this.#pool?.pool.close()
    const { concurrency, timeoutMs } = this.#deps
    const pool = new Pool(origin, {
      connections: concurrency,
      pipelining: 1,
      allowH2: false,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      connect: {
        timeout: Math.min(timeoutMs, 10_000),
        lookup: guardedLookup,
        ...(this.#ca === null ? {} : { ca: this.#ca }),
      },
    })
    this.#pool = { origin, pool }
    return pool
  }

  #signed(id: string, body: string): string[] {
    const timestamp = Math.floor(this.#deps.clock.wall() / 1_000)
    const identity = ['webhook-id', id, 'webhook-timestamp', String(timestamp)]
    if (this.#secret === null) return identity
    return [...identity, 'webhook-signature', sign(signingKey(this.#secret.get().reveal()), id, timestamp, body)]
  }
}

function urlSource(url: Options['url'], deps: TargetDeps): () => URL {
  if (typeof url === 'string') {
    const fixed = new URL(url)
    return () => fixed
  }
  const secret = deps.secret(url)
  return () => {
    const parsed = URL.parse(secret.get().reveal())
    if (parsed !== null && /^https?:$/.test(parsed.protocol)) return parsed
    throw new ConfigError('CONFIG_INVALID', `The URL of target "${deps.name}" is no http or https URL.`)
  }
}

/** Everything that does not depend on the event; secrets are asked for anew at each attempt. */
function headerSource(given: Options, deps: TargetDeps): () => string[] {
  const values = Object.entries(given.headers).map(([name, value]) => {
    const secret = typeof value === 'string' ? null : deps.secret(value)
    return () => [name, secret === null ? String(value) : secret.get().reveal()]
  })
  const authorization = authorizationSource(given, deps)
  return () => ['User-Agent', 'OneTrigger', ...values.flatMap((header) => header()), ...authorization()]
}

function authorizationSource({ auth, url }: Options, deps: TargetDeps): () => string[] {
  const basic = (user: string, password: string) => [
    'Authorization',
    `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`,
  ]
  if (auth === undefined) {
    if (typeof url !== 'string') return () => []
    const { username, password } = new URL(url)
    return () => (username === '' ? [] : basic(decodeURIComponent(username), decodeURIComponent(password)))
  }
  if ('bearer' in auth) {
    const token = deps.secret(auth.bearer)
    return () => ['Authorization', `Bearer ${token.get().reveal()}`]
  }
  const password = deps.secret(auth.basic.password)
  return () => basic(auth.basic.username, password.get().reveal())
}

function readCa(path: string, target: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new ConfigError('CONFIG_NOT_FOUND', `target "${target}": the file of \`ca\`, ${path}, cannot be read`, {
      cause,
    })
  }
}

/** The first kilobyte; a longer answer is cut off with its connection. */
async function readCapped(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    length += chunk.length
    if (length > mostAnswerBytes) break
  }
  return Buffer.concat(chunks).subarray(0, mostAnswerBytes).toString('utf8')
}
