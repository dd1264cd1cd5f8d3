import { type ErrorCode, SourceError } from '../../core/errors.ts'

/**
 * What kind of no a provider said. Decided by the `id` of its error and the HTTP status, never by text: descriptions differ between versions.
 *
 * notFound      there is no such file (400 `posix enoent`, or `enotdir` on the way; 404 on 18.02)
 * noAccess      POSIX rights, an ACL or a caveat of the token forbid it (400 `posix eacces`)
 * noRoute       this version has no such route (404, 405 or 501 without an error of the API)
 * unauthorized  the token is refused
 * forbidden     not a member, or a privilege is lacking
 * spaceUnknown  the provider does not support the space, or the id belongs to nothing
 * unavailable   no connection, no answer in time, 5xx: it may work later
 * invalid       the request is refused as such
 * protocol      the answer is none that the API can give: HTML, a redirect, far too long
 */
export type RefusalKind =
  | 'notFound'
  | 'noAccess'
  | 'noRoute'
  | 'unauthorized'
  | 'forbidden'
  | 'spaceUnknown'
  | 'unavailable'
  | 'invalid'
  | 'protocol'

/** Anything but a success. */
export interface Refusal {
  readonly kind: RefusalKind
  /** HTTP status; null where no answer came. */
  readonly status: number | null
  /** The API's name for the error; null where the answer had none. */
  readonly id: string | null
  /** What happened, as half a sentence. Made here, never copied from an answer. */
  readonly reason: string
  /** Whether asking again in a moment makes sense. */
  readonly transient: boolean
}

/** One of the three error envelopes, reduced to what decisions need. */
interface ApiError {
  readonly id: string
  readonly errno: string | null
  /** What is wrong with the token, where it is refused. */
  readonly authError: string | null
}

/** Reads the envelopes of 18.02 (`{"error":"not_found"}`), 19.02-21.02 (`{"error":{"id","details"}}`) and 25.0 (with `ctx`); null for anything else. */
function parseApiError(body: string): ApiError | null {
  const error = field(parseJson(body), 'error')
  if (typeof error === 'string') return { id: error, errno: null, authError: null }
  const id = field(error, 'id')
  if (typeof id !== 'string') return null
  const details = field(error, 'details')
  return { id, errno: text(field(details, 'errno')), authError: text(field(field(details, 'authError'), 'id')) }
}

/** The JSON value of a text, or undefined where it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Sorts an answer with a status other than 2xx. */
export function refusalOf(status: number, body: string): Refusal {
  const error = parseApiError(body)
  const kind = kindOf(status, error)
  const name =
    error === null ? '' : ` (${[error.id, error.errno, error.authError].filter((part) => part !== null).join(' ')})`
  return {
    kind,
    status,
    id: error?.id ?? null,
    reason: `it answered ${status}${name}`,
    transient: kind === 'unavailable',
  }
}

/** No answer, or none that was complete. `retry` where asking again in a moment makes sense. */
export function unreachable(reason: string, retry: boolean): Refusal {
  return { kind: 'unavailable', status: null, id: null, reason, transient: retry }
}

/** There is no token to ask with. */
export function tokenRefusal(reason: string): Refusal {
  return { kind: 'unauthorized', status: null, id: null, reason, transient: false }
}

/** An answer that the API cannot give. */
export function outOfProtocol(status: number, reason: string): Refusal {
  return { kind: 'protocol', status, id: null, reason, transient: false }
}

function kindOf(status: number, error: ApiError | null): RefusalKind {
  if (status >= 300 && status < 400) return 'protocol'
  if (status === 401) return 'unauthorized'
  return (error === null ? null : kindById(error)) ?? kindByStatus(status, error)
}

function kindById(error: ApiError): RefusalKind | null {
  if (error.id === 'posix') return posixKinds.get(error.errno ?? '') ?? 'invalid'
  return kindsById.get(error.id) ?? null
}

const posixKinds: ReadonlyMap<string, RefusalKind> = new Map([
  ['enoent', 'notFound'],
  ['enotdir', 'notFound'],
  ['eacces', 'noAccess'],
  ['eperm', 'noAccess'],
  ['eagain', 'unavailable'],
])

/** The last three are 18.02's names. */
const kindsById: ReadonlyMap<string, RefusalKind> = new Map([
  ['notFound', 'notFound'],
  ['spaceNotSupportedBy', 'spaceUnknown'],
  ['not_found', 'notFound'],
  ['space_not_found', 'spaceUnknown'],
  ['permission_denied', 'noAccess'],
])

function kindByStatus(status: number, error: ApiError | null): RefusalKind {
  if (status === 403) return 'forbidden'
  // A 404 with an error whose id is not ours to know is not taken for a deleted file: a proxy may have made it.
  if (error === null && (status === 404 || status === 405 || status === 501)) return 'noRoute'
  // 408 and 429 come from proxies in front of a provider; it sends neither itself.
  if (status >= 500 || status === 408 || status === 429) return 'unavailable'
  return 'invalid'
}

/** The code under which a refusal leaves this folder. */
const codes: Readonly<Record<RefusalKind, ErrorCode>> = {
  notFound: 'SOURCE_PROTOCOL',
  noAccess: 'SOURCE_FORBIDDEN',
  noRoute: 'SOURCE_PROTOCOL',
  unauthorized: 'SOURCE_UNAUTHORIZED',
  forbidden: 'SOURCE_FORBIDDEN',
  spaceUnknown: 'SOURCE_SPACE_UNKNOWN',
  unavailable: 'SOURCE_UNREACHABLE',
  invalid: 'SOURCE_PROTOCOL',
  protocol: 'SOURCE_PROTOCOL',
}

const advice: Readonly<Partial<Record<RefusalKind, string>>> = {
  unauthorized: "put a valid access token where the source's `token` points",
  forbidden: "the token's owner must be a member of the space with the privilege to read its files",
  noAccess: "the token's owner needs rights to read the folder",
  spaceUnknown: '`onetrigger list-spaces` shows the spaces there are',
}

/** The error for a refusal that nobody could use as an answer; `asked` says who was asked for what. */
export function sourceError(
  refusal: Refusal,
  asked: { readonly source: string; readonly origin: string; readonly route: string },
): SourceError {
  const hint = advice[refusal.kind]
  const message = `source "${asked.source}": ${asked.origin} could not be asked for ${asked.route}: ${refusal.reason}`
  return new SourceError(codes[refusal.kind], hint === undefined ? message : `${message}; ${hint}`, {
    details: { source: asked.source, route: asked.route, status: refusal.status, error: refusal.id },
  })
}

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
