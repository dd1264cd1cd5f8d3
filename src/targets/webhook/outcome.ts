import type { Answer, Outcome } from '../../core/delivery.ts'

/** Published tables of what an answer means, and ours. */
export const policies = ['default', 'standard-webhooks', 'knative'] as const

export type Policy = (typeof policies)[number]

/** What a receiver answered, with the headers that count. */
export interface Response {
  readonly answer: Answer
  readonly retryAfterMs: number | null
  /** `webhook-delivery`: `abort-message` gives this event up, `disable` all of them. */
  readonly control: string | null
}

type Verdict = 'delivered' | 'retry' | 'throttled' | 'rejected' | 'unavailable' | 'disabled'

/** What an answer means by a policy. A redirect is never followed. */
export function outcomeOf({ answer, retryAfterMs, control }: Response, policy: Policy = 'default'): Outcome {
  const { status } = answer
  const reason = `the receiver answered ${status}`
  const wait = retryAfterMs === null ? {} : { retryAfterMs }
  if (control === 'disable')
    return { kind: 'unavailable', reason: `${reason} and asked for no more`, disable: true, answer }
  if (control === 'abort-message' && !isSuccess(status))
    return { kind: 'rejected', reason: `${reason} and asked not to repeat this event`, answer }
  switch (tables[policy](status)) {
    case 'delivered':
      return { kind: 'delivered', answer }
    case 'rejected':
      return { kind: 'rejected', reason, answer }
    case 'throttled':
      return { kind: 'retry', reason, answer, throttled: true, ...wait }
    case 'retry':
      return { kind: 'retry', reason, answer, ...wait }
    case 'disabled':
      return { kind: 'unavailable', reason: `${reason}: it is gone for good`, disable: true, answer }
    case 'unavailable':
      return { kind: 'unavailable', reason: isRedirect(status) ? `${reason}, ${redirected}` : reason, answer, ...wait }
  }
}

const redirected = 'a redirect, which is not followed; give the final address'

const tables: Readonly<Record<Policy, (status: number) => Verdict>> = {
  default: byDefault,
  'standard-webhooks': byStandardWebhooks,
  knative: byKnative,
}

/** It is about the target: a gateway without its server, a wrong token, a wrong address. */
const aboutTarget: ReadonlySet<number> = new Set([401, 403, 404, 405, 410, 502, 503, 504])
const retried: ReadonlySet<number> = new Set([408, 425])

/** DESIGN 8: what is about this event, what may work later, what is about the target as a whole. */
function byDefault(status: number): Verdict {
  if (isSuccess(status)) return 'delivered'
  if (isRedirect(status) || aboutTarget.has(status)) return 'unavailable'
  if (status === 429) return 'throttled'
  return retried.has(status) || status >= 500 || status < 200 ? 'retry' : 'rejected'
}

const slowDown: ReadonlySet<number> = new Set([429, 502, 504])

/** Standard Webhooks 1.0.0: only 2xx is success, everything else is tried again, 410 ends it, some ask for a slower pace. */
function byStandardWebhooks(status: number): Verdict {
  if (isSuccess(status)) return 'delivered'
  if (status === 410) return 'disabled'
  return slowDown.has(status) ? 'throttled' : 'retry'
}

const retriedByKnative: ReadonlySet<number> = new Set([404, 408, 409])

/** Knative's data-plane specification: 404, 408, 409, 429 and 5xx are tried again, as is what is unknown; other 3xx and 4xx are not. */
function byKnative(status: number): Verdict {
  if (isSuccess(status)) return 'delivered'
  if (status === 429) return 'throttled'
  const isFinal = status >= 300 && status < 500 && !retriedByKnative.has(status)
  return isFinal ? 'rejected' : 'retry'
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300
}

function isRedirect(status: number): boolean {
  return status >= 300 && status < 400
}
