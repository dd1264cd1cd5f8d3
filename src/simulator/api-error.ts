import type { Errno } from './model/posix-error.ts'

/** Everything that an error of the API can say; how it looks on the wire depends on the version. */
export interface ApiErrorFacts {
  readonly status: number
  readonly id: string
  readonly details?: Readonly<Record<string, unknown>>
  readonly description: string
}

/** Thrown by routes; the server makes the version's envelope of it. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly facts: ApiErrorFacts

  constructor(facts: ApiErrorFacts) {
    super(facts.id)
    this.facts = facts
  }
}

/** 400 `posix`: what the file system says. */
export function posixError(errno: Errno): ApiError {
  return new ApiError({
    status: 400,
    id: 'posix',
    details: { errno },
    description: `Operation failed with POSIX error: ${errno}.`,
  })
}

/** 401; `authError` says what is wrong with the token, null = there was none. */
export function unauthorized(authError: Omit<ApiErrorFacts, 'status'> | null): ApiError {
  if (authError === null) {
    return new ApiError({
      status: 401,
      id: 'unauthorized',
      description: 'You must authenticate yourself to perform this operation.',
    })
  }
  const description = 'Provided authentication is not valid (see details).'
  return new ApiError({ status: 401, id: 'unauthorized', details: { authError }, description })
}

/** A caveat of the token that does not hold. */
export function caveatError(caveat: Readonly<Record<string, unknown>>, why: string): Omit<ApiErrorFacts, 'status'> {
  return {
    id: 'tokenCaveatUnverified',
    details: { caveat },
    description: `Provided token is not valid - unverified ${String(caveat.type)} caveat: ${why}.`,
  }
}

export function forbidden(): ApiError {
  return new ApiError({
    status: 403,
    id: 'forbidden',
    description: 'You are not authorized to perform this operation.',
  })
}

export function spaceNotSupported(spaceId: string, providerId: string): ApiError {
  return new ApiError({
    status: 400,
    id: 'spaceNotSupportedBy',
    details: { spaceId, providerId },
    description: `Specified space: ${spaceId} is not supported by provider ${providerId}.`,
  })
}

/** 400 about one parameter. */
export function badValue(
  kind: 'Integer' | 'Boolean' | 'String' | 'ListOfStrings' | 'JSON' | 'Identifier' | 'Empty' | 'FilePath',
  key: string,
): ApiError {
  const description = `Bad value: provided "${key}" is not valid (${kind}).`
  return new ApiError({ status: 400, id: `badValue${kind}`, details: { key }, description })
}

export function notInRange(key: string, low: number, high: number): ApiError {
  const description = `Bad value: provided "${key}" must be between <${low}, ${high}>.`
  return new ApiError({ status: 400, id: 'badValueNotInRange', details: { key, low, high }, description })
}

export function tooLow(key: string, limit: number): ApiError {
  const description = `Bad value: provided "${key}" must be at least ${limit}.`
  return new ApiError({ status: 400, id: 'badValueTooLow', details: { key, limit }, description })
}

export function notAllowed(key: string, allowed: readonly string[]): ApiError {
  const description = `Bad value: provided "${key}" must be one of: ${allowed.join(', ')}.`
  return new ApiError({ status: 400, id: 'badValueNotAllowed', details: { key, allowed }, description })
}

export function missing(key: string): ApiError {
  const description = `Missing required value: ${key}.`
  return new ApiError({ status: 400, id: 'missingRequiredValue', details: { key }, description })
}

export function malformed(): ApiError {
  return new ApiError({
    status: 400,
    id: 'malformedData',
    description: 'Provided data could not be understood by the server.',
  })
}

/** 400 with another error, or a hint, inside. */
export function badData(key: string, specific: ApiError | string): ApiError {
  const details =
    typeof specific === 'string' ? { key, hint: specific } : { key, specificError: withoutStatus(specific.facts) }
  const description = `Bad value provided for "${key}" (see details).`
  return new ApiError({ status: 400, id: 'badData', details, description })
}

/** 503 with one of the ids that come with it. */
export function unavailable(id = 'serviceUnavailable'): ApiError {
  return new ApiError({ status: 503, id, description: 'Service is currently unavailable.' })
}

/** As errors stand inside other errors. */
export function withoutStatus({ id, details, description }: ApiErrorFacts): Omit<ApiErrorFacts, 'status'> {
  return details === undefined ? { id, description } : { id, details, description }
}
