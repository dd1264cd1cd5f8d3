import type { Log } from '../lib/log.ts'

const levels = ['debug', 'info', 'warn', 'error'] as const

/** Lines of JSON on standard output, which is what Lambda keeps; without a library, for the bundle is small. Errors are told by code and message. */
export function consoleLog(
  level: (typeof levels)[number],
  write: (line: string) => void = (line) => void process.stdout.write(line),
  bound: object = {},
): Log {
  const at = (own: (typeof levels)[number]) => (fields: object, message: string) => {
    if (levels.indexOf(own) < levels.indexOf(level)) return
    const line = { level: own, time: new Date().toISOString(), ...bound, ...fields, msg: message }
    write(`${JSON.stringify(line, tellError)}\n`)
  }
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => consoleLog(level, write, { ...bound, ...fields }),
  }
}

/** Nothing else of an error: those of HTTP clients hold requests, and with them tokens. */
function tellError(_key: string, value: unknown): unknown {
  if (!(value instanceof Error)) return value
  return { name: value.name, message: value.message, ...('code' in value ? { code: value.code } : {}) }
}
