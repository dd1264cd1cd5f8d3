import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { StoreError } from '../../core/errors.ts'
import { textKey } from '../encoding.ts'
import { createLogSync, type LogSync } from './log-sync.ts'
import { migrations as allMigrations, type Migration } from './migrations.ts'
import { isBusy, storeError } from './sqlite-error.ts'

/** An open database and the lock that keeps other processes from it. */
export interface OpenDatabase {
  readonly database: DatabaseSync
  /** Whoever commits has to call it before a commit counts as durable; null = SQLite syncs by itself. */
  readonly logSync: LogSync | null
  close(): void
}

/** Copies made before migrations that are kept beside the database. */
const keptCopies = 2

/**
 * Opens the database for this process alone, makes or upgrades its schema, and keeps the lock until `close` or the death of the process. Throws
 * `StoreError` `STORE_LOCKED`, `STORE_NEWER_SCHEMA`, `STORE_CORRUPT`, `STORE_FAILED`.
 */
export function openDatabase(path: string, migrations: readonly Migration[] = allMigrations): OpenDatabase {
  let lock: DatabaseSync | null = null
  let database: DatabaseSync | null = null
  let logSync: LogSync | null = null
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    lock = takeLock(path)
    const isNew = !existsSync(path)
    database = new DatabaseSync(path)
    // 8 MB of pages: with each commit behind which an index page was split SQLite looks through all that it holds.
    database.exec(
      'PRAGMA busy_timeout = 5000; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8192',
    )
    const hasLog = database.prepare('PRAGMA journal_mode = WAL').get()?.journal_mode === 'wal'
    migrate(database, path, isNew, migrations)
    logSync = hasLog ? syncBeside(database, path) : null
  } catch (error) {
    database?.close()
    lock?.close()
    throw storeError(error, path)
  }
  const [openLock, open] = [lock, database]
  return {
    database: open,
    logSync,
    close: () => {
      logSync?.close()
      open.close()
      openLock.close()
    },
  }
}

/**
 * From here on SQLite syncs its log before it checkpoints and when it begins it anew, which keeps the database whole, and every commit is synced by
 * whoever makes it: as durable as `synchronous=FULL`, and nobody waits for the disk meanwhile (ADR 9).
 */
function syncBeside(database: DatabaseSync, path: string): LogSync {
  database.exec('PRAGMA synchronous = NORMAL')
  return createLogSync(path)
}

/**
 * Opens the database of a running process beside it: takes no lock, changes no schema. Throws `StoreError` `STORE_NOT_FOUND`, `STORE_NEWER_SCHEMA` (also for
 * an older one: the running process upgrades it), `STORE_CORRUPT`, `STORE_FAILED`.
 */
export function openDatabaseBeside(path: string): OpenDatabase {
  if (!existsSync(path)) {
    throw new StoreError(
      'STORE_NOT_FOUND',
      `There is no store at ${path}. Is this the configuration that is running?`,
      {
        details: { path },
      },
    )
  }
  let database: DatabaseSync | null = null
  try {
    database = new DatabaseSync(path)
    // The running process keeps the log short; two that do are one too many for older versions of SQLite (`checkpointer.ts`).
    database.exec(
      'PRAGMA busy_timeout = 5000; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 0',
    )
    checkVersion(database, path)
  } catch (error) {
    database?.close()
    throw storeError(error, path)
  }
  const open = database
  return { database: open, logSync: null, close: () => open.close() }
}

function checkVersion(database: DatabaseSync, path: string): void {
  if (database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'meta'").get() === undefined) {
    throw new StoreError('STORE_NOT_FOUND', `${path} is no store of OneTrigger.`, { details: { path } })
  }
  const newest = Math.max(...allMigrations.map((migration) => migration.version))
  const [version, minReader] = [readMeta(database, 'version'), readMeta(database, 'minReader')]
  if (minReader <= newest && version >= newest) return
  throw new StoreError(
    'STORE_NEWER_SCHEMA',
    `The store ${path} has schema ${version}, and this OneTrigger works with ${newest}. Use the version that is running.`,
    { details: { path, version, minReader } },
  )
}

/**
 * An exclusive transaction on a sibling database: the system ends it when the process dies, however it dies. (A file with a process id lies in
 * containers, where every process may be number 1.)
 */
function takeLock(path: string): DatabaseSync {
  const lock = new DatabaseSync(`${path}.lock`)
  try {
    lock.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE')
    return lock
  } catch (error) {
    lock.close()
    if (!isBusy(error)) throw error
    throw new StoreError(
      'STORE_LOCKED',
      `Another process has the store ${path} open. Stop it, or give this one a store of its own with --store.`,
      { cause: error, details: { path } },
    )
  }
}

function migrate(database: DatabaseSync, path: string, isNew: boolean, migrations: readonly Migration[]): void {
  database.exec('CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID')
  const newest = Math.max(...migrations.map((migration) => migration.version))
  const version = readMeta(database, 'version')
  const minReader = readMeta(database, 'minReader')
  if (minReader > newest) {
    throw new StoreError(
      'STORE_NEWER_SCHEMA',
      `The store ${path} was written by a newer OneTrigger (schema ${version}); this one reads up to ${newest}. Run that version, or restore the copy made before its upgrade.`,
      { details: { path, version, minReader } },
    )
  }
  const steps = migrations.filter((migration) => migration.version > version)
  if (steps.length === 0) return
  if (!isNew && version > 0) copyAside(database, path, version)
  database.function('key_of', { deterministic: true }, (text) => textKey(String(text)))
  for (const step of steps) {
    database.exec('BEGIN IMMEDIATE')
    try {
      database.exec(step.sql)
      writeMeta(database, 'version', step.version)
      writeMeta(database, 'minReader', step.minReader)
      database.exec('COMMIT')
    } catch (error) {
      database.exec('ROLLBACK')
      throw error
    }
  }
}

function readMeta(database: DatabaseSync, key: string): number {
  return Number(database.prepare('SELECT value FROM meta WHERE key = ?').get(key)?.value ?? 0)
}

function writeMeta(database: DatabaseSync, key: string, value: number): void {
  database
    .prepare('INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value')
    .run(key, value)
}

/** A copy of the database as it was before an upgrade: `onetrigger.db.v1.copy`. Left over ones of a broken-off upgrade are made anew. */
function copyAside(database: DatabaseSync, path: string, version: number): void {
  const copy = `${path}.v${version}.copy`
  rmSync(copy, { force: true })
  database.prepare('VACUUM INTO ?').run(copy)
  const prefix = `${basename(path)}.v`
  const copies = readdirSync(dirname(path))
    .filter((name) => name.startsWith(prefix) && name.endsWith('.copy'))
    .toSorted((a, b) => Number.parseInt(b.slice(prefix.length), 10) - Number.parseInt(a.slice(prefix.length), 10))
  for (const old of copies.slice(keptCopies)) rmSync(join(dirname(path), old))
}
