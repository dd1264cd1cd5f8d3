/**
 * The part of pino that this project uses. Messages are constant strings, data are fields; secrets never stand in either.
 * `info` = state changed, `warn` = degraded but coping, `error` = a person should look.
 */
export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
  child(fields: object): Log
}

export const silentLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLog,
}
