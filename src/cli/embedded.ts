import type { Flags } from '../config/given.ts'
import { ConfigError, UsageError } from '../core/errors.ts'
import type { Log } from '../lib/log.ts'
import { createLogger } from '../observability/logger.ts'
import type { Io } from './io.ts'

/** `onetrigger demo`: the exit code says whether the scenario went as promised. */
export async function runDemo(flags: Flags, io: Io): Promise<number> {
  const { demo } = await import('./demo.ts')
  return demo({ once: flags.once === true }, { print: io.print, log: logOf(io, 'warn'), signal: io.untilSignal() })
}

/** `onetrigger simulate`: until a signal comes. */
export async function runSimulate(flags: Flags, io: Io): Promise<number> {
  const { simulate } = await import('./simulate.ts')
  const options = {
    providerVersion: String(flags.providerVersion),
    host: String(flags.host),
    port: portOf(String(flags.port)),
    tls: flags.tls === true,
    space: String(flags.space),
    json: flags.json === true,
    ...(typeof flags.token === 'string' ? { token: flags.token } : {}),
    ...(typeof flags.scenario === 'string' ? { scenario: flags.scenario } : {}),
  }
  return simulate(options, { print: io.print, log: logOf(io, 'info'), signal: io.untilSignal() })
}

function portOf(text: string): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port
  throw new UsageError('USAGE', '--port must be a number from 0 to 65535')
}

const levels = ['debug', 'info', 'warn', 'error'] as const

/** Neither of them has a configuration; the environment may ask for more or less of a log. */
function logOf(io: Io, usual: 'info' | 'warn'): Log {
  const asked = io.env.ONETRIGGER_LOG_LEVEL || usual
  const level = levels.find((each) => each === asked)
  if (level === undefined) {
    throw new ConfigError('CONFIG_INVALID', `ONETRIGGER_LOG_LEVEL: expected ${levels.join(', ')}`)
  }
  return createLogger({ level, format: io.isTerminal ? 'pretty' : 'json', write: io.writeError })
}
