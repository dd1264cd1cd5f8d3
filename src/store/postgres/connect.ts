import { Client, type ClientConfig, Pool, type PoolClient } from 'pg'
import { parse } from 'pg-connection-string'
import { ConfigError } from '../../core/errors.ts'
import { type Clock, sleep } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import type { SecretSource } from '../../lib/secret.ts'
import { endsWithin } from '../../lib/within.ts'
import { type Database, type Query, type Row, repeated } from './database.ts'

export interface ConnectOptions {
  /** `postgres://user:password@host:port/database?sslmode=…`; read again for each new connection, so that a password may be rotated. */
  readonly url: SecretSource
  /** Most connections beside the one that listens. */
  readonly connections: number
  readonly clock: Clock
  readonly log: Log
}

const connectMs = 5_000
/** No statement of ours takes long; one that does has lost its server. */
const queryMs = 20_000
const keepAliveMs = 10_000
const listenAgainMs = 1_000
/** A connection whose network is gone says no good-bye: the system would wait for it for a quarter of an hour. */
const goodByeMs = 2_000
/** Connections that are not used are given back to the server. */
const idleMs = 60_000

/** Connects when first asked. Throws `CONFIG_INVALID` where the URL is none; nothing else about it is tried here. */
export function connectPostgres(options: ConnectOptions): Database & { readonly place: string } {
  const { place } = read(options.url)
  return new PooledDatabase(options, place)
}

class PooledDatabase implements Database {
  readonly place: string
  readonly #options: ConnectOptions
  readonly #pool: Pool
  readonly #names = new Map<string, string>()
  readonly #closing = new AbortController()
  #listening: Promise<void> | null = null

  constructor(options: ConnectOptions, place: string) {
    this.place = place
    this.#options = options
    const { config } = read(options.url)
    this.#pool = new Pool({
      ...config,
      // Asked for at each connection.
      password: () => String(read(options.url).config.password ?? ''),
      max: options.connections,
      idleTimeoutMillis: idleMs,
    })
    // An idle connection that breaks is replaced when one is needed.
    const broke = (error: Error) => options.log.debug({ err: error }, 'a connection to the database broke')
    this.#pool.on('error', broke)
    // While one is in use the pool does not listen: whoever uses it is told by the statement under way.
    this.#pool.on('connect', (client) => client.on('error', broke))
  }

  readonly query: Query = (sql, values) => repeated(() => this.#with((client) => this.#run(client, sql, values)))

  transaction<T>(work: (query: Query) => Promise<T>): Promise<T> {
    return repeated(() =>
      this.#with(async (client) => {
        await client.query('BEGIN')
        try {
          const result = await work((sql, values) => this.#run(client, sql, values))
          await client.query('COMMIT')
          return result
        } catch (error) {
          await client.query('ROLLBACK')
          throw error
        }
      }),
    )
  }

  async listen(channel: string, heard: (payload: string | null) => void): Promise<void> {
    const first = await this.#openListener(channel, heard)
    this.#listening = this.#keepListening(first, channel, heard)
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return
    this.#closing.abort()
    await this.#listening
    await this.#pool.end()
  }

  /** A connection on which anything failed is not used again: what it is in the middle of is not known. */
  async #with<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect()
    try {
      const result = await work(client)
      client.release()
      return result
    } catch (error) {
      client.release(true)
      throw error
    }
  }

  /** Each statement is prepared once per connection. */
  async #run(client: PoolClient, text: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    let name = this.#names.get(text)
    if (name === undefined) {
      name = `onetrigger_${this.#names.size}`
      this.#names.set(text, name)
    }
    const { rows } = await client.query<Row>({ name, text, values: [...values] })
    return rows
  }

  async #openListener(channel: string, heard: (payload: string | null) => void): Promise<Client> {
    const client = new Client(read(this.#options.url).config)
    client.on('error', () => {})
    client.on('notification', ({ payload }) => heard(payload ?? null))
    try {
      await client.connect()
      await client.query(`LISTEN ${client.escapeIdentifier(channel)}`)
      return client
    } catch (error) {
      await client.end().catch(() => {})
      throw error
    }
  }

  async #keepListening(first: Client, channel: string, heard: (payload: string | null) => void): Promise<void> {
    const { clock, log } = this.#options
    const { signal } = this.#closing
    let client: Client | null = first
    while (!signal.aborted) {
      if (client !== null) {
        await ended(client, signal)
        await endsWithin(clock, goodByeMs, client.end())
      }
      await sleep(clock, listenAgainMs, signal).catch(() => {})
      if (signal.aborted) return
      client = await this.#openListener(channel, heard).catch((error: unknown) => {
        log.debug({ err: error }, 'the database cannot be listened to; trying again')
        return null
      })
      if (client !== null) heard(null)
    }
  }
}

function ended(client: Client, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    client.once('end', resolve)
    client.once('error', () => resolve())
    signal.addEventListener('abort', () => resolve(), { once: true })
    if (signal.aborted) resolve()
  })
}

/** The driver's words for a URL, and a name for it that holds no secret. */
function read(url: SecretSource): { readonly config: ClientConfig; readonly place: string } {
  const { host, port, user, password, database, ssl } = parsed(url.get().reveal())
  if (typeof host !== 'string' || host === '' || typeof database !== 'string' || database === '') throw notAUrl()
  const config: ClientConfig = {
    host,
    port: Number(port ?? 5432),
    database,
    user,
    password,
    ...(ssl === undefined || ssl === null ? {} : { ssl: ssl as NonNullable<ClientConfig['ssl']> }),
    application_name: 'onetrigger',
    connectionTimeoutMillis: connectMs,
    query_timeout: queryMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveMs,
  }
  return { config, place: `postgres://${host}:${config.port}/${database}` }
}

/** The parser's own errors hold the URL, and with it the password. */
function parsed(url: string): ReturnType<typeof parse> {
  if (!/^postgres(ql)?:\/\//.test(url)) throw notAUrl()
  try {
    return parse(url)
  } catch {
    throw notAUrl()
  }
}

function notAUrl(): ConfigError {
  return new ConfigError(
    'CONFIG_INVALID',
    'The URL of the store is none of PostgreSQL; expected postgres://user:password@host:5432/database.',
  )
}
