import { z } from 'zod'
import type { Outcome } from '../../core/delivery.ts'
import { capped } from '../../lib/capped.ts'
import type { Clock } from '../../lib/clock.ts'
import { onAbort } from '../../lib/on-abort.ts'
import { mayQuoteSigned } from '../../lib/signed.ts'

/**
 * Makes one attempt. The SDK bounds neither the look-up of credentials nor an answer that stalls, and heeds no signal there: this does.
 * Rejects only when `signal` aborts, at once and with its reason.
 */
export async function attempt(
  { clock, timeoutMs }: { readonly clock: Clock; readonly timeoutMs: number },
  signal: AbortSignal,
  aboutEvent: ReadonlySet<string>,
  run: (signal: AbortSignal) => Promise<Outcome>,
): Promise<Outcome> {
  signal.throwIfAborted()
  // Not one that is made of `signal` and a timer's: that would be kept for as long as `signal` is.
  const either = new AbortController()
  const ended = Promise.withResolvers<never>()
  const end = (reason: unknown) => {
    either.abort(reason)
    ended.reject(reason)
  }
  const cancelTimer = clock.timer(timeoutMs, () => end(new Error('AWS did not answer in time')))
  const cancelAbort = onAbort(signal, () => end(signal.reason))
  try {
    return await Promise.race([run(either.signal), ended.promise])
  } catch (error) {
    signal.throwIfAborted()
    if (either.signal.aborted) return { kind: 'retry', reason: 'AWS did not answer in time' }
    return outcomeOfAwsError(error, aboutEvent)
  } finally {
    cancelTimer()
    cancelAbort()
  }
}

/** Waits for an answer that no delivery hangs on. Rejects with a sentence of what AWS says, never of what was signed, or with the signal's reason. */
export async function answered<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await answer
  } catch (error) {
    signal.throwIfAborted()
    const { data } = awsError.safeParse(error)
    throw new Error(data === undefined ? 'the call to AWS failed' : reasonOf(data))
  }
}

/** What errors of the SDK have in common; `code` is that of the system where no answer came. */
const awsError = z.object({
  name: z.string().catch(''),
  message: z
    .string()
    .transform((text) => (mayQuoteSigned(text) ? '' : text))
    .catch(''),
  code: z.string().optional().catch(undefined),
  $metadata: z.object({ httpStatusCode: z.number().optional() }).catch({}),
  $retryable: z.object({ throttling: z.boolean().optional() }).optional().catch(undefined),
  retryAfterSeconds: z.coerce.number().positive().optional().catch(undefined),
})

type AwsError = z.output<typeof awsError>

/** Names that services give to "too fast". */
const throttling =
  /^(Throttling|ThrottledException|ThrottlingException|TooManyRequestsException|RequestLimitExceeded|SlowDown)/

/** Nobody was reached, or nobody could be asked: it is about the target. */
const unreachable =
  /^(CONNECT_TIMEOUT|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENOTFOUND|EAI_AGAIN|EGRESS_FORBIDDEN|ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/

/**
 * What an error of an AWS client means for a delivery. `aboutEvent` are names of errors that this event will always meet; missing rights, roles and
 * resources are about the target. Holds what AWS says, never what was signed.
 */
export function outcomeOfAwsError(error: unknown, aboutEvent: ReadonlySet<string>): Outcome {
  const parsed = awsError.safeParse(error)
  if (!parsed.success) return { kind: 'retry', reason: 'the call to AWS failed' }
  const { data } = parsed
  const status = data.$metadata.httpStatusCode ?? 0
  const reason = reasonOf(data)
  const answer = status === 0 ? {} : { answer: { status, body: capped(`${data.name}: ${data.message}`) } }
  if (aboutEvent.has(data.name)) return { kind: 'rejected', reason, ...answer }
  if (status === 429 || data.$retryable?.throttling === true || throttling.test(data.name)) {
    const wait = data.retryAfterSeconds
    const retryAfter = wait === undefined ? {} : { retryAfterMs: wait * 1_000 }
    return { kind: 'retry', reason, throttled: true, ...retryAfter, ...answer }
  }
  return { kind: isAboutTarget(data, status) ? 'unavailable' : 'retry', reason, ...answer }
}

function isAboutTarget({ code = '', name }: AwsError, status: number): boolean {
  if (status === 0) return unreachable.test(code) || /Credential|Token|Region|Endpoint/.test(name)
  return [502, 503, 504].includes(status) || (status >= 400 && status < 500)
}

/** Characters of what AWS says that are kept. */
export const mostReason = 500

function reasonOf({ name, message, code }: AwsError): string {
  const what = code === undefined || name.includes(code) ? name : `${name} ${code}`
  return `AWS answered: ${what}${message === '' ? '' : `: ${message}`}`.slice(0, mostReason)
}
