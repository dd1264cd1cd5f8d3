import type { Outcome } from '../../core/delivery.ts'

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
  // Of a proxy that refuses to open the way.
  'UND_ERR_ABORTED',
])

/** What an error of the connection means; `way` says who stands between. Names nothing but its code: messages of undici may hold the URL. Rethrows what is none. */
export function outcomeOfError(error: unknown, way: string): Exclude<Outcome, { kind: 'delivered' }> {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === '') throw error
  if (unreachable.has(code)) return { kind: 'unavailable', reason: `no connection to the receiver${way} (${code})` }
  if (/^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/.test(code)) {
    return { kind: 'unavailable', reason: `the receiver's certificate is not trusted, or TLS failed${way} (${code})` }
  }
  if (code === 'UND_ERR_INVALID_ARG') {
    // What an event puts into headers is encoded: it is what the target is given, a secret with a line break in it for one.
    const reason = `the request cannot be sent: a header or secret of the target holds what no header may (${code})`
    return { kind: 'unavailable', reason }
  }
  if (code === 'UND_ERR_HEADERS_TIMEOUT') return { kind: 'retry', reason: `the receiver did not answer in time${way}` }
  return { kind: 'retry', reason: `the connection broke before the answer${way} (${code})` }
}
