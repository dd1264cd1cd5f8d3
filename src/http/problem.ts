import { STATUS_CODES } from 'node:http'

/** A problem as RFC 9457 writes it; the only shape in which errors leave over HTTP. */
export interface Problem {
  readonly type: 'about:blank'
  readonly title: string
  readonly status: number
  readonly detail: string
}

/** Media type of a `Problem`. */
export const problemType = 'application/problem+json; charset=utf-8'

/** Builds a problem; `detail` is a sentence for the caller and never quotes what went wrong inside. */
export function problem(status: number, detail: string): Problem {
  return { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail }
}
