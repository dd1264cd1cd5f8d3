import type { ClaimedDelivery, Outcome } from '../../core/delivery.ts'
import { ConfigError } from '../../core/errors.ts'
import { parseRetryAfter } from '../../core/retry.ts'
import type { Target } from '../../core/target.ts'
import { formats } from '../../formats/registry.ts'
import { cappedBytes, mostAnswerBytes } from '../../lib/capped.ts'
import { EgressError } from '../../lib/egress.ts'
import { defineTarget, type TargetDeps } from '../define.ts'
import { Connections } from '../http/connections.ts'
import { type Answered, firstHeader, type PlainRequest } from '../http/exchange.ts'
import { outcomeOfError } from '../http/outcome-of-error.ts'
import { fixedHeaders, type HeaderList, isAsyncInvocation, messageHeaders } from './headers.ts'
import { type WebhookOptions, webhookOptions } from './options.ts'
import { outcomeOf } from './outcome.ts'

/** POSTs each event to a URL; signed by Standard Webhooks where a secret is given. */
export const webhook = defineTarget({
  type: 'webhook',
  options: webhookOptions,
  create: (given, deps) => new Webhook(given, deps),
})

class Webhook implements Target {
  readonly #options: WebhookOptions
  readonly #deps: TargetDeps
  readonly #url: () => URL
  readonly #headers: (url: URL) => HeaderList
  readonly #message: (id: string, body: string) => HeaderList
  readonly #isAsync: boolean
  readonly #connections: Connections
  /** What was checked last: what is allowed does not change, and mostly the host does not either. */
  #checkedHost: string | null = null

  constructor(given: WebhookOptions, deps: TargetDeps) {
    this.#options = given
    this.#deps = deps
    this.#url = urlSource(given.url, deps)
    this.#headers = fixedHeaders(given, deps)
    this.#message = messageHeaders(given, deps)
    this.#isAsync = isAsyncInvocation(given)
    this.#connections = new Connections(given, deps)
  }

  async deliver(delivery: ClaimedDelivery, signal: AbortSignal): Promise<Outcome> {
    const { contentType, body, headers: added } = formats[this.#options.format](delivery.event)
    const more = added === undefined ? [] : Object.entries(added).flat()
    try {
      const url = this.#checkedUrl()
      const request: PlainRequest = {
        origin: url.origin,
        method: 'POST',
        path: `${url.pathname}${url.search}`,
        headers: [...this.#headers(url), 'Content-Type', contentType, ...more, ...this.#message(delivery.id, body)],
        body,
      }
      const answered = await this.#exchange(url, request, signal)
      const { status } = answered
      const answer = { status, body: cappedBytes(answered.body) }
      if (this.#isAsync && status === 502) return { kind: 'delivered', answer }
      const retryAfterMs = parseRetryAfter(firstHeader(answered, 'retry-after'), this.#deps.clock.wall())
      const control = firstHeader(answered, 'webhook-delivery') ?? null
      return outcomeOf({ answer, retryAfterMs, control }, this.#options.policy)
    } catch (error) {
      signal.throwIfAborted()
      return this.#outcomeOf(error)
    }
  }

  async probe(signal: AbortSignal): Promise<string> {
    const url = this.#checkedUrl()
    // HEAD: whatever it answers, somebody is there, and nothing starts.
    try {
      const { status } = await this.#exchange(url, { origin: url.origin, method: 'HEAD', path: '/' }, signal)
      return `${url.origin} answers (${status} to a HEAD of /)`
    } catch (error) {
      signal.throwIfAborted()
      throw new Error(this.#outcomeOf(error).reason)
    }
  }

  close(): Promise<void> {
    return this.#connections.close()
  }

  #exchange(url: URL, request: PlainRequest, signal: AbortSignal): Promise<Answered> {
    const { clock, timeoutMs } = this.#deps
    const bounds = { signal, clock, until: clock.now() + timeoutMs, mostBytes: mostAnswerBytes }
    return this.#connections.to(url).exchange(request, bounds)
  }

  #outcomeOf(error: unknown) {
    if (error instanceof ConfigError || error instanceof EgressError)
      return { kind: 'unavailable', reason: error.message } as const
    return outcomeOfError(error, this.#connections.way)
  }

  #checkedUrl(): URL {
    const url = this.#url()
    if (url.hostname !== this.#checkedHost) this.#deps.egress.checkHost(url.hostname)
    this.#checkedHost = url.hostname
    return url
  }
}

/** The address may be a secret that is replaced while this runs. */
function urlSource(url: WebhookOptions['url'], deps: TargetDeps): () => URL {
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
