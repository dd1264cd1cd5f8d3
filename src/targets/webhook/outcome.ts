import type { Answer, Outcome } from '../../core/delivery.ts'

/** It may work later, and it may be about this event alone. */
const retried: ReadonlySet<number> = new Set([408, 425])
/** It is about the target: a gateway without its server, a wrong token, a wrong address. */
const unavailable: ReadonlySet<number> = new Set([401, 403, 404, 405, 410, 502, 503, 504])

/** What an answer means (DESIGN 8). A redirect is never followed, so it says that the address is not the right one. */
export function outcomeOf(answer: Answer, retryAfterMs: number | null): Outcome {
  const { status } = answer
  const reason = `the receiver answered ${status}`
  const wait = retryAfterMs === null ? {} : { retryAfterMs }
  if (status >= 200 && status < 300) return { kind: 'delivered', answer }
  if (status >= 300 && status < 400) {
    return {
      kind: 'unavailable',
      reason: `${reason}, a redirect, which is not followed; give the final address`,
      answer,
    }
  }
  if (unavailable.has(status)) return { kind: 'unavailable', reason, answer, ...wait }
  if (status === 429) return { kind: 'retry', reason, answer, throttled: true, ...wait }
  if (retried.has(status) || status >= 500 || status < 200) return { kind: 'retry', reason, answer, ...wait }
  return { kind: 'rejected', reason, answer }
}

/** Errors after which no request can have been taken in: nobody was reached. */
const unreachable: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EGRESS_FORBIDDEN',
  'UND_ERR_CONNECT_TIMEOUT',
])

/** What an error of the connection means. Names nothing but its code: messages of undici may hold the URL. */
export function outcomeOfError(error: unknown): Outcome {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (unreachable.has(code)) return { kind: 'unavailable', reason: `no connection to the receiver (${code})` }
  if (/^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/.test(code)) {
    return { kind: 'unavailable', reason: `the receiver's certificate is not trusted, or TLS failed (${code})` }
  }
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') {
    return { kind: 'retry', reason: 'the receiver did not answer in time' }
  }
  return { kind: 'retry', reason: `the connection broke before the answer (${code === '' ? 'unknown error' : code})` }
}
