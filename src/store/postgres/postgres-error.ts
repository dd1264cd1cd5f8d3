import { ConfigError, type ErrorCode, StoreError } from '../../core/errors.ts'
import { sqlState } from './database.ts'

/** Turns whatever came out of the driver into a `StoreError` that says what to do; our own errors pass. `name` holds no secret. */
export function storeError(error: unknown, name: string): StoreError | ConfigError {
  if (error instanceof StoreError || error instanceof ConfigError) return error
  const [code, advice] = diagnosis(sqlState(error))
  const reason = error instanceof Error ? error.message : String(error)
  return new StoreError(code, `The store ${name} ${advice} (${reason}).`, { cause: error, details: { store: name } })
}

/** Whether it may pass by waiting: the server is away, starting, full up with connections, or changing its leader. */
export function isPassing(error: unknown): boolean {
  const state = sqlState(error)
  if (state === null) return error instanceof Error && /timeout|terminated|closed/i.test(error.message)
  return passingSystem.has(state) || /^(08|53|57P)/.test(state)
}

const passingSystem: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
])

/** By classes of SQLSTATE. */
function diagnosis(state: string | null): readonly [ErrorCode, string] {
  switch (state) {
    case '53100':
      return ['STORE_FULL', 'cannot grow: free space on the disk of the database; work resumes by itself']
    case 'XX001':
    case 'XX002':
      return ['STORE_CORRUPT', 'is damaged: restore a backup of the database, or start anew in another schema']
    case '28P01':
    case '28000':
      return ['STORE_FAILED', 'does not let this user in: check user, password and pg_hba.conf']
    case '42501':
      return ['STORE_FAILED', 'may not be used by this user: it needs its own schema, or the right to make it']
    case '3D000':
      return ['STORE_FAILED', 'has no such database: create it first']
    case '53300':
      return ['STORE_FAILED', 'has no connection left: raise max_connections or lower store.connections']
    case '25006':
      return ['STORE_FAILED', 'is a read-only replica: name the primary']
    default:
      return ['STORE_FAILED', 'could not carry out an operation']
  }
}
