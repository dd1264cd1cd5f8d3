import { StoreError } from '../../core/errors.ts'
import type { Database, Query } from './database.ts'
import { migrations as allMigrations, type Migration } from './migrations.ts'

/** Number of the advisory lock under which one process at a time upgrades. */
const lock = 0x6f_6e_65_74

/** Where the tables are. */
export interface Place {
  /** The schema's name, quoted for SQL. */
  readonly schema: string
  /** Names the database in messages; holds no secret. */
  readonly name: string
}

/** Quotes the name of a schema. */
export function quoted(schema: string): string {
  return `"${schema.replaceAll('"', '""')}"`
}

/**
 * Makes or upgrades the schema in one transaction, one process at a time; the others wait and find it done. Rejects with `STORE_NEWER_SCHEMA` where a
 * newer build wrote what this one cannot read.
 */
export async function migrate(
  database: Database,
  place: Place,
  migrations: readonly Migration[] = allMigrations,
): Promise<void> {
  await database.transaction(async (query) => {
    await query('SELECT pg_advisory_xact_lock($1)', [lock])
    // Asked first: the right to make schemas is needed once only.
    if (!(await exists(query, place))) {
      await query(`CREATE SCHEMA IF NOT EXISTS ${place.schema}`)
      await query(`CREATE TABLE IF NOT EXISTS ${place.schema}.meta (key text PRIMARY KEY, value integer NOT NULL)`)
    }
    const { version } = await readable(query, place, migrations)
    for (const step of migrations.filter((migration) => migration.version > version)) {
      for (const statement of statements(step, place)) await query(statement)
      const put = `INSERT INTO ${place.schema}.meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value`
      await query(put, ['version', step.version])
      await query(put, ['minReader', step.minReader])
    }
  })
}

/** For commands beside running processes. Rejects with `STORE_NOT_FOUND` and `STORE_NEWER_SCHEMA` (also for an older one: a running process upgrades it). */
export async function checkSchema(database: Database, place: Place): Promise<void> {
  if (!(await exists(database.query, place))) {
    throw new StoreError(
      'STORE_NOT_FOUND',
      `There is no store at ${place.name}. Is this the configuration that is running?`,
    )
  }
  const { version } = await readable(database.query, place, allMigrations)
  if (version < newestOf(allMigrations)) throw refusal(place, version, allMigrations)
}

/** Refuses what only a newer build can read; a running process asks again and again, for another may upgrade while it works. */
export async function readable(
  query: Query,
  place: Place,
  migrations: readonly Migration[] = allMigrations,
): Promise<{ readonly version: number }> {
  const rows = await query(`SELECT key, value FROM ${place.schema}.meta`)
  const meta = new Map(rows.map(({ key, value }) => [String(key), Number(value)]))
  const version = meta.get('version') ?? 0
  if ((meta.get('minReader') ?? 0) > newestOf(migrations)) throw refusal(place, version, migrations)
  return { version }
}

async function exists(query: Query, { schema }: Place): Promise<boolean> {
  const [row] = await query('SELECT to_regclass($1) AS meta', [`${schema}.meta`])
  return row?.meta !== null
}

function statements({ sql }: Migration, { schema }: Place): readonly string[] {
  return sql
    .replaceAll('$schema', schema)
    .split(/;\s*$/m)
    .filter((statement) => statement.trim() !== '')
}

function newestOf(migrations: readonly Migration[]): number {
  return Math.max(...migrations.map(({ version }) => version))
}

function refusal({ name }: Place, version: number, migrations: readonly Migration[]): StoreError {
  return new StoreError(
    'STORE_NEWER_SCHEMA',
    `The store ${name} has schema ${version}, and this OneTrigger works with ${newestOf(migrations)}. Use the version that is running.`,
    { details: { version } },
  )
}
