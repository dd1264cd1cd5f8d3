/** Every code that can leave this program, with what it means to the person who reads it. Codes never change once released. */
export const errorCodes = {
  USAGE: 'The command line could not be understood.',
  CONFIG_INVALID: 'The configuration has problems; all of them are listed.',
  CONFIG_NOT_FOUND: 'The configuration file does not exist or cannot be read.',
  CONFIG_SECRET_MISSING: 'A secret that the configuration names is not there.',
  SOURCE_UNAUTHORIZED: 'The provider refused the token.',
  SOURCE_FORBIDDEN: 'The token may not do what was asked.',
  SOURCE_SPACE_UNKNOWN: 'The space does not exist for this token, or the provider does not support it.',
  SOURCE_UNREACHABLE: 'The provider could not be reached, or answered that it is not available.',
  SOURCE_PROTOCOL: 'The provider answered something that its interface does not allow.',
  STORE_LOCKED: 'Another process has the store open.',
  STORE_NOT_FOUND: 'There is no database where the configuration says.',
  STORE_FULL: 'The disk of the store is full.',
  STORE_CORRUPT: 'The database is damaged.',
  STORE_NEWER_SCHEMA: 'The database was written by a newer version that this one cannot read.',
  STORE_FENCED: 'Another process has taken over the watch; this one may not write any more.',
  STORE_FAILED: 'The store could not carry out an operation.',
  DEPLOY_REFUSED: 'AWS refused the credentials, or what they asked for.',
  DEPLOY_STUCK: 'The stack stands in a state that it does not leave by itself; the message says what to do.',
  DEPLOY_FAILED: 'AWS could not carry out the deployment; the reasons are listed.',
  LISTEN_FAILED: 'The address for health and metrics could not be opened.',
  INVARIANT: 'A defect of OneTrigger itself.',
} as const satisfies Record<string, string>

export type ErrorCode = keyof typeof errorCodes

interface ErrorOptions {
  readonly cause?: unknown
  /** Data for logs; never secrets. */
  readonly details?: Readonly<Record<string, unknown>>
}

/** The base of all errors of this project: `message` is a sentence that says what to do. Names are spelled out, for a bundle shortens those of classes. */
export class OneTriggerError extends Error {
  readonly code: ErrorCode
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.code = code
    this.details = options.details ?? {}
  }
}

/** The command line is wrong: print help, exit 2. */
export class UsageError extends OneTriggerError {
  override readonly name = 'UsageError'
}
/** The configuration is wrong: list all problems, refuse to start, exit 1. */
export class ConfigError extends OneTriggerError {
  override readonly name = 'ConfigError'
}
/** A provider fails: mark the source unhealthy, back off, go on. */
export class SourceError extends OneTriggerError {
  override readonly name = 'SourceError'
}
/** The store fails: stop taking in, say so, resume when it works again. */
export class StoreError extends OneTriggerError {
  override readonly name = 'StoreError'
}
/** A deployment failed: say what to do, exit 1. */
export class DeployError extends OneTriggerError {
  override readonly name = 'DeployError'
}
/** Whether waiting repairs nothing: a damaged database only gets worse, and what a newer version wrote cannot be read by this one. */
export function isBeyondWaiting(error: unknown): boolean {
  return error instanceof StoreError && (error.code === 'STORE_CORRUPT' || error.code === 'STORE_NEWER_SCHEMA')
}

/** Our own defect: crash with the stack. */
export class InvariantError extends OneTriggerError {
  override readonly name = 'InvariantError'

  constructor(message: string, options: ErrorOptions = {}) {
    super('INVARIANT', message, options)
  }
}
