import { z } from 'zod'
import type { ClaimedDelivery, Job, Outcome } from '../../core/delivery.ts'
import { ConfigError, SourceError } from '../../core/errors.ts'
import { jobName } from '../../core/ids.ts'
import { parseRetryAfter } from '../../core/retry.ts'
import type { Target } from '../../core/target.ts'
import { classic } from '../../formats/classic.ts'
import { capped } from '../../lib/capped.ts'
import { EgressError } from '../../lib/egress.ts'
import { defineTarget, type TargetDeps } from '../define.ts'
import { outcomeOfError } from '../http/outcome-of-error.ts'
import { type OscarAnswer, OscarClient } from './client.ts'
import { findDestination } from './destination.ts'
import { handedOver, lookAtJobs } from './jobs.ts'
import { type OscarOptions, oscarOptions } from './options.ts'
import { stageFile } from './staging.ts'

/** Starts a job of an OSCAR service for each event, and follows it to its end where the cluster can be asked. */
export const oscar = defineTarget({
  type: 'oscar',
  options: oscarOptions,
  create: (given, deps) => new Oscar(given, deps),
})

const longestStagingMs = 24 * 3_600_000

class Oscar implements Target {
  readonly #options: OscarOptions
  readonly #deps: TargetDeps
  readonly #client: OscarClient

  constructor(given: OscarOptions, deps: TargetDeps) {
    this.#options = given
    this.#deps = deps
    this.#client = new OscarClient(given, deps)
  }

  /** A file of any size is moved in one attempt; what was moved counts also when it is broken off. */
  get longestAttemptMs(): number {
    return this.#options.mode === 'stage' ? longestStagingMs : this.#deps.timeoutMs
  }

  deliver(delivery: ClaimedDelivery, signal: AbortSignal): Promise<Outcome> {
    return this.#options.mode === 'stage' ? this.#stage(delivery, signal) : this.#start(delivery, signal)
  }

  async #stage({ id, event }: ClaimedDelivery, signal: AbortSignal): Promise<Outcome> {
    if (event.kind !== 'complete') return { kind: 'rejected', reason: 'only complete files can be staged' }
    try {
      const destination = await findDestination(this.#options, this.#client, this.#deps, signal)
      return await stageFile(event, jobName(id), destination, this.#deps, signal)
    } catch (error) {
      signal.throwIfAborted()
      return outcomeOfStaging(error)
    }
  }

  async #start(delivery: ClaimedDelivery, signal: AbortSignal): Promise<Outcome> {
    const name = jobName(delivery.id)
    const event = classic(delivery.event, { shellSafe: true })
    const { event: wrapping, storageProvider } = this.#options
    const body = wrapping === 'plain' ? event : delegated(event, storageProvider)
    try {
      return this.#outcomeOf(await this.#client.startJob(body, name, signal), name)
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof ConfigError || error instanceof EgressError) {
        return { kind: 'unavailable', reason: error.message }
      }
      return outcomeOfError(error, this.#client.way)
    }
  }

  follow(jobs: readonly Job[], signal: AbortSignal): Promise<readonly Job[]> {
    return lookAtJobs(this.#client, this.#options.service, jobs, this.#deps.clock.now(), signal)
  }

  async probe(signal: AbortSignal): Promise<string> {
    const { service } = this.#options
    const answer = await this.#client.get(`/system/services/${service}`, signal)
    if (answer === null) return `the cluster is asked for nothing without \`login\`; events go to service ${service}`
    if (answer.status !== 200)
      throw new Error(`the cluster answered ${answer.status} when asked for service ${service}`)
    return `service ${service} is there`
  }

  close(): Promise<void> {
    return this.#client.close()
  }

  #outcomeOf({ status, body, retryAfter }: OscarAnswer, name: string): Outcome {
    const answer = { status, body: capped(body) }
    const reason = `the cluster answered ${status}`
    // Without a login nobody can look what becomes of the job.
    const job = this.#client.canLogIn ? { job: handedOver(name, this.#deps.clock.now()) } : {}
    if (status >= 200 && status < 300) return { kind: 'delivered', answer, ...job }
    // The name is the delivery's own: an attempt before has got through.
    if (status === 500 && body.includes('already exists')) return { kind: 'delivered', answer, ...job }
    if (status === 429) {
      const wait = parseRetryAfter(retryAfter, this.#deps.clock.wall())
      return { kind: 'retry', reason, throttled: true, answer, ...(wait === null ? {} : { retryAfterMs: wait }) }
    }
    if (status === 413 || status === 422) return { kind: 'rejected', reason, answer }
    // 400: the OIDC issuer is not configured; 404: there is no such service. Other 5xx may be about this event.
    const isAboutTarget = status < 500 || status === 502 || status === 503 || status === 504
    return { kind: isAboutTarget ? 'unavailable' : 'retry', reason, answer }
  }
}

/** A provider or a bucket that does not work is waited for. */
function outcomeOfStaging(error: unknown): Outcome {
  if (error instanceof ConfigError || error instanceof EgressError || error instanceof SourceError) {
    return { kind: 'unavailable', reason: error.message }
  }
  if (!(error instanceof Error)) throw error
  const status = s3Error.safeParse(error).data?.$metadata.httpStatusCode ?? 0
  const what = `the file could not be staged: ${error.name}${status === 0 ? '' : ` (${status})`}`
  const code = 'code' in error ? String(error.code) : ''
  const isAboutTarget = [401, 403, 404, 502, 503, 504].includes(status) || unreached.test(code)
  return { kind: isAboutTarget ? 'unavailable' : 'retry', reason: what }
}

const unreached = /^(ECONN|ENOT|EAI|EHOST|ENET|CONNECT_TIMEOUT|UND_ERR_CONNECT_TIMEOUT)/

const s3Error = z.object({ $metadata: z.object({ httpStatusCode: z.number().optional() }) })

/** As OSCAR clusters hand events on among themselves; safe for an unquoted `echo` too, for all that needs escaping is inside the event already. */
function delegated(event: string, storageProvider: string): string {
  const wrapped = JSON.stringify({ storage_provider: storageProvider, event })
  // JSON's own backslashes and quotes would not survive dash.
  return wrapped.replaceAll('\\\\', '\\u005c').replaceAll('\\"', '\\u0022')
}
