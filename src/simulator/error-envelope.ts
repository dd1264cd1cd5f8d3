import { type ApiErrorFacts, withoutStatus } from './api-error.ts'
import type { Generation } from './generation.ts'

/** An error as it goes over the wire. */
export interface ErrorAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface ErrorContext {
  readonly generation: Generation
  readonly providerId: string
  readonly domain: string
  readonly now: number
}

const json = { 'content-type': 'application/json' }

/** Puts an error into the envelope of the version. */
export function errorAnswer(facts: ApiErrorFacts, context: ErrorContext): ErrorAnswer {
  if (context.generation.errors === 'legacy') return legacyAnswer(facts)
  const error = withoutStatus(facts)
  if (context.generation.errors === 'plain')
    return { status: facts.status, headers: json, body: JSON.stringify({ error }) }
  return { status: facts.status, headers: json, body: JSON.stringify({ error: withContext(error, context) }) }
}

/** 25.0 says who speaks, words descriptions anew, and never leaves `authError` out. */
function withContext(error: Omit<ApiErrorFacts, 'status'>, context: ErrorContext): object {
  const ctx = {
    timestamp: context.now,
    service: 'op_worker',
    serviceId: context.providerId,
    serviceDomain: context.domain,
    serviceReleaseVersion: context.generation.versionText,
    serviceBuildVersion: 'simulated',
    onedataErrorsRevision: 'simulated',
    module: 'simulator',
    line: 1,
  }
  const details = error.details ?? (error.id === 'unauthorized' ? { authError: null } : undefined)
  return {
    id: error.id,
    ctx,
    ...(details === undefined ? {} : { details }),
    description: `${error.description} (25.0)`,
  }
}

/** 18.02 has names of its own, other statuses, no content type, and says nothing at all to strangers. */
function legacyAnswer(facts: ApiErrorFacts): ErrorAnswer {
  if (facts.status === 401) return { status: 401, headers: {}, body: '' }
  const [status, error] = legacyName(facts)
  return { status, headers: {}, body: JSON.stringify({ error, error_description: facts.description }) }
}

function legacyName({ status, id, details }: ApiErrorFacts): readonly [number, string] {
  if (id === 'posix') return legacyPosix.get(String(details?.errno)) ?? [400, 'error_file']
  if (id === 'spaceNotSupportedBy') return [404, 'space_not_found']
  return [status, id.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)]
}

const legacyPosix: ReadonlyMap<string, readonly [number, string]> = new Map([
  ['enoent', [404, 'not_found']],
  ['enodata', [404, 'attribute_not_found']],
  ['eacces', [403, 'permission_denied']],
  ['eperm', [403, 'forbidden']],
  ['eexist', [400, 'file_exists']],
])
