import { type ErrorCode, StoreError } from '../../core/errors.ts'
import { mayQuoteSigned } from '../../lib/signed.ts'

/** Why a transaction was cancelled, by the names of DynamoDB. */
interface Cancelled extends Error {
  readonly CancellationReasons?: readonly { readonly Code?: string | undefined }[] | undefined
}

/** Turns whatever came out of the SDK into a `StoreError` that says what to do; our own errors pass. Nothing that was signed is told. */
export function storeError(error: unknown, table: string): StoreError {
  if (error instanceof StoreError) return error
  const name = error instanceof Error ? error.name : 'unknown'
  const [code, advice] = diagnosis(name)
  // A log tells of causes too.
  const cause = error instanceof Error && mayQuoteSigned(error.message) ? {} : { cause: error }
  return new StoreError(code, `The table ${table} ${advice} (${name}${system(error)}).`, {
    ...cause,
    details: { table },
  })
}

/** What was expected of the table is not so any more: somebody else has written. */
export function hasMoved(error: unknown): boolean {
  return nameOf(error) === 'ConditionalCheckFailedException' || reasons(error).includes('ConditionalCheckFailed')
}

/** Another request was in the way, or there were too many: the same may work a moment later. The SDK repeats single requests itself, but not these. */
export function isPassing(error: unknown): boolean {
  if (nameOf(error) === 'TransactionInProgressException' || nameOf(error) === 'TransactionConflictException')
    return true
  return reasons(error).some((reason) => passing.has(reason)) && !hasMoved(error)
}

const passing: ReadonlySet<string> = new Set([
  'TransactionConflict',
  'ThrottlingError',
  'ProvisionedThroughputExceeded',
  'RequestLimitExceeded',
])

function reasons(error: unknown): readonly string[] {
  if (nameOf(error) !== 'TransactionCanceledException') return []
  // The shape that this error has.
  return ((error as Cancelled).CancellationReasons ?? []).flatMap(({ Code }) => Code ?? [])
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : ''
}

function system(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? `: ${error.code}` : ''
}

function diagnosis(name: string): readonly [ErrorCode, string] {
  switch (name) {
    case 'ResourceNotFoundException':
      return [
        'STORE_NOT_FOUND',
        'does not exist in this region: `onetrigger deploy aws` makes it, see docs/how-to/aws.md',
      ]
    case 'AccessDeniedException':
      return ['STORE_FAILED', 'may not be used with these credentials: see docs/how-to/aws.md for the rights']
    case 'CredentialsProviderError':
    case 'UnrecognizedClientException':
    case 'ExpiredTokenException':
    case 'InvalidSignatureException':
      return ['STORE_FAILED', 'cannot be asked without valid credentials of AWS']
    case 'ProvisionedThroughputExceededException':
    case 'ThrottlingException':
    case 'RequestLimitExceeded':
      return ['STORE_FAILED', 'takes no more requests now; work goes on by itself']
    default:
      return ['STORE_FAILED', 'could not carry out an operation']
  }
}
