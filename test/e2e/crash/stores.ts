import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Client } from 'pg'
import { createSystemClock } from '../../../src/lib/clock.ts'
import { silentLog } from '../../../src/lib/log.ts'
import { fixedSecret } from '../../../src/lib/secret.ts'
import { connectPostgres } from '../../../src/store/postgres/connect.ts'
import { openPostgresStore } from '../../../src/store/postgres/postgres-store.ts'
import { openSqliteStore } from '../../../src/store/sqlite/sqlite-store.ts'
import type { Store } from '../../../src/store/store.ts'
import { startPostgres } from '../../postgres/server.ts'

/** Where OneTrigger keeps its state, seen from outside. */
export interface StoreUnderTest {
  readonly type: 'sqlite' | 'postgres'
  /** The `store` of the configuration. */
  readonly config: object
  readonly env: Readonly<Record<string, string>>
  /** The store itself, while no OneTrigger has it. */
  open(): Promise<Store>
  /** Ids of deliveries that are handed out and not settled. */
  inFlight(): Promise<readonly string[]>
  /** Ids of all deliveries that are owed. */
  owed(): Promise<readonly string[]>
  close(): Promise<void>
}

/** A database file; what is in flight is looked up in a copy, so that the next life itself finds what the last one left. */
export function sqliteIn(folder: string): StoreUnderTest {
  const path = join(folder, 'onetrigger.db')
  return {
    type: 'sqlite',
    config: { type: 'sqlite', path },
    env: {},
    open: () => openSqliteStore({ path, clock: createSystemClock() }),
    inFlight: async () => deliveriesIn(path, 'state = 0 AND lease_until IS NOT NULL'),
    owed: async () => deliveriesIn(path, 'state = 0'),
    close: async () => {},
  }
}

function deliveriesIn(path: string, condition: string): readonly string[] {
  if (!existsSync(path)) return []
  const folder = mkdtempSync(join(tmpdir(), 'onetrigger-look-'))
  const copy = join(folder, 'copy.db')
  try {
    copyFileSync(path, copy)
    if (existsSync(`${path}-wal`)) copyFileSync(`${path}-wal`, `${copy}-wal`)
    const database = new DatabaseSync(copy)
    const isMade = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'deliveries'").get() !== undefined
    const rows = isMade ? database.prepare(`SELECT id FROM deliveries WHERE ${condition}`).all() : []
    database.close()
    return rows.map(({ id }) => String(id))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A server of its own. */
export async function postgresOnLoopback(): Promise<StoreUnderTest> {
  const server = await startPostgres(15)
  const client = new Client({ connectionString: server.url })
  await client.connect()
  const idsOf = async (sql: string) => (await client.query<{ id: string }>(sql)).rows.map(({ id }) => id)
  return {
    type: 'postgres',
    config: { type: 'postgres', url: { env: 'DATABASE_URL' } },
    env: { DATABASE_URL: server.url },
    open: () => {
      const deps = { clock: createSystemClock(), log: silentLog }
      const database = connectPostgres({ url: fixedSecret(server.url), connections: 2, ...deps })
      return openPostgresStore({ database, name: database.place, schema: 'onetrigger', ...deps })
    },
    inFlight: () => idsOf('SELECT d.id FROM onetrigger.flights f JOIN onetrigger.deliveries d ON d.seq = f.seq'),
    owed: () => idsOf('SELECT id FROM onetrigger.deliveries WHERE state = 0'),
    close: async () => {
      await client.end()
      await server.close()
    },
  }
}
