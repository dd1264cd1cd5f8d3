import { readFileSync } from 'node:fs'
import type { Config } from '../config/config.ts'
import type { Flags } from '../config/given.ts'
import { loadConfig, type Need } from '../config/load.ts'
import type { Log } from '../lib/log.ts'
import { createLogger } from '../observability/logger.ts'
import type { Io } from './io.ts'

/** A configuration with the log that it asks for. */
export interface Configured {
  readonly config: Config
  readonly log: Log
}

/** Reads the configuration of a command, and warns of what is allowed but doubtful. Throws `ConfigError`. */
export function configure(flags: Flags, io: Io, need: Need = 'everything'): Configured {
  if (typeof flags.token === 'string' && flags.token !== '') io.keepToken(flags.token)
  const doubts: string[] = []
  const config = readConfiguration(flags, io, need, (doubt) => doubts.push(doubt))
  const log = createLogger({ ...config.log, write: io.writeError })
  if (typeof flags.token === 'string') {
    log.warn(
      {},
      'the token is on the command line, where every user of this machine can read it; use ONEDATA_ACCESS_TOKEN',
    )
  }
  for (const doubt of doubts) log.warn({ setting: doubt }, 'a setting is allowed but doubtful')
  return { config, log }
}

/** The configuration alone, for reading it again. Throws `ConfigError`. */
export function readConfiguration(
  flags: Flags,
  io: Io,
  need: Need = 'everything',
  warn: (doubt: string) => void = () => {},
): Config {
  const { env, home, isTerminal } = io
  return loadConfig({ flags, env, home, isTerminal, need, warn, readFile: (path) => readFileSync(path, 'utf8') })
}
