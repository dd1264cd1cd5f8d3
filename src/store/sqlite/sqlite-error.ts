import { type ErrorCode, StoreError } from '../../core/errors.ts'

/** Primary result codes of SQLite (sqlite.org/rescode.html). */
const primary = {
  busy: 5,
  locked: 6,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  notADatabase: 26,
} as const

/** SQLite's primary result code; null for errors of another kind. */
function resultCode(error: unknown): number | null {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return null
  return error.errcode & 0xff
}

/** Whether another connection holds what this one asked for. */
export function isBusy(error: unknown): boolean {
  const code = resultCode(error)
  return code === primary.busy || code === primary.locked
}

/** Turns whatever came out of node:sqlite into a `StoreError` that says what to do; errors that are one already pass. */
export function storeError(error: unknown, path: string): StoreError {
  if (error instanceof StoreError) return error
  const [code, advice] = diagnosis(resultCode(error))
  const reason = error instanceof Error ? error.message : String(error)
  return new StoreError(code, `The store ${path} ${advice} (${reason}).`, { cause: error, details: { path } })
}

function diagnosis(code: number | null): readonly [ErrorCode, string] {
  switch (code) {
    case primary.full:
      return ['STORE_FULL', 'cannot grow: free space on its disk; work resumes by itself']
    case primary.corrupt:
    case primary.notADatabase:
      return [
        'STORE_CORRUPT',
        'is damaged or no database: copy it aside, then restore a backup, or start anew with another --store and `--existing since:TIME`, which brings back what was missed under the same ids',
      ]
    case primary.readOnly:
      return ['STORE_FAILED', 'may not be written: check the rights of the file and of its folder']
    case primary.cannotOpen:
      return ['STORE_FAILED', 'cannot be opened: check that its folder exists and may be written']
    case primary.ioError:
      return ['STORE_FAILED', 'cannot be read or written: check its disk']
    default:
      return ['STORE_FAILED', 'could not carry out an operation']
  }
}
