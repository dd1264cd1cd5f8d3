import { pino } from 'pino'
import type { Log } from '../lib/log.ts'
import { formatLine } from './pretty.ts'

export interface LoggerOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  /** `json`: one object per line, for machines. `pretty`: one readable line, for people. */
  readonly format: 'json' | 'pretty'
  /** Takes whole lines, their line break included. */
  readonly write: (line: string) => void
}

/** Keys whose values never reach a log, at the top and one level below. Values are not put there in the first place; this is the second net. */
const secretKeys = ['token', 'authorization', 'secret', 'password', 'cookie', 'x-auth-token']

/** The log of the process: pino, with secrets taken out and errors reduced to what a person needs. */
export function createLogger({ level, format, write }: LoggerOptions): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secretKeys.flatMap(pathsOf), censor: '[secret]' },
      serializers: { err: describeError },
    },
    { write: format === 'json' ? write : (line) => write(formatLine(line)) },
  )
}

/** HTTP headers come in either spelling. */
function pathsOf(key: string): readonly string[] {
  const spellings = [key, key.replaceAll(/(^|-)[a-z]/g, (start) => start.toUpperCase())]
  return spellings.flatMap((spelling) => [`["${spelling}"]`, `*["${spelling}"]`, `*.*["${spelling}"]`])
}

/** Errors of HTTP clients carry the whole request, its token included, in fields of their own: only what every error has is taken. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return { message: 'something that is no error was thrown' }
  return {
    type: error.name,
    ...('code' in error && typeof error.code === 'string' ? { code: error.code } : {}),
    message: error.message,
    stack: error.stack,
    ...(error.cause instanceof Error ? { cause: describeError(error.cause) } : {}),
  }
}
