// Loaded before OneTrigger's own program (`node --import`): the process kills itself with SIGKILL when it comes by the point that its parent chose.
// Nothing of OneTrigger knows of it; it watches where every program meets Node: SQL statements, HTTP requests. Each thread loads it, and counts by itself.
import { subscribe } from 'node:diagnostics_channel'
import { DatabaseSync, StatementSync } from 'node:sqlite'
import { isMainThread } from 'node:worker_threads'
import { type Aim, aimVariable, halvedChannel, hookPath, type Point } from './points.ts'

const text = process.env[aimVariable]
// What the parent wrote.
if (text !== undefined) await aimAt(JSON.parse(text) as Aim)

async function aimAt(aim: Aim): Promise<void> {
  let left = aim.passage
  const passed = (point: Point) => {
    if (point !== aim.point) return
    left -= 1
    if (left <= 0) process.kill(process.pid, 'SIGKILL')
  }
  const next = aim.point.startsWith('migration:') ? await aRelease(aim) : null
  watchRequests(passed)
  subscribe(halvedChannel, () => passed('commit:halved'))
  if (aim.store === 'sqlite') watchSqlite(passed, next)
  else await watchPostgres(passed, next)
}

/** As if this process were the next release, whose schema has one more table. Gives the statement that makes it. */
async function aRelease({ store, nextVersion }: Aim): Promise<string> {
  const sql =
    store === 'sqlite'
      ? `CREATE TABLE added_${nextVersion} (x INTEGER) STRICT`
      : `CREATE TABLE $schema.added_${nextVersion} (x integer)`
  const known =
    store === 'sqlite'
      ? await import('../../../src/store/sqlite/migrations.ts')
      : await import('../../../src/store/postgres/migrations.ts')
  // A list that is readonly for its users; the next release has a longer one.
  ;(known.migrations as { version: number; minReader: number; sql: string }[]).push({
    version: nextVersion,
    minReader: 1,
    sql,
  })
  return sql
}

function watchSqlite(passed: (point: Point) => void, next: string | null): void {
  let upgraded = false
  const around = <T>(sql: string, execute: () => T): T => {
    if (sql === next) passed('migration:begun')
    if (sql === 'COMMIT') passed('commit:before')
    const result = execute()
    if (sql === 'BEGIN IMMEDIATE') passed('transaction:begun')
    if (sql === 'COMMIT') passed('commit:after')
    if (sql === 'VACUUM INTO ?') passed('migration:copied')
    if (sql === next) passed('migration:changed')
    if (sql === 'COMMIT' && upgraded) passed('migration:done')
    upgraded ||= sql === next
    return result
  }
  const { exec } = DatabaseSync.prototype
  DatabaseSync.prototype.exec = function (sql) {
    around(sql, () => exec.call(this, sql))
  }
  const { run } = StatementSync.prototype
  Object.assign(StatementSync.prototype, {
    run(this: StatementSync, ...values: unknown[]): unknown {
      return around(this.sourceSQL, () => Reflect.apply(run, this, values))
    },
  })
}

async function watchPostgres(passed: (point: Point) => void, next: string | null): Promise<void> {
  const { Client } = (await import('pg')).default
  const { query } = Client.prototype
  const table = next?.split(' ')[2]?.replace('$schema.', '.')
  let upgraded = false
  const watched = async function (this: unknown, asked: unknown, ...more: unknown[]): Promise<unknown> {
    const sql = typeof asked === 'string' ? asked : String(Object(asked).text)
    const isUpgrade = table !== undefined && sql.startsWith('CREATE TABLE') && sql.includes(table)
    for (const point of pointsBefore(sql, isUpgrade)) passed(point)
    // The driver has its own overloads for callbacks; ours asks for promises only.
    const answer: unknown = await Reflect.apply(query, this, [asked, ...more])
    for (const point of pointsAfter(sql, isUpgrade, upgraded)) passed(point)
    upgraded ||= isUpgrade
    return answer
  }
  Object.assign(Client.prototype, { query: watched })
}

/** Most statements are transactions of their own here. */
function commits(sql: string): boolean {
  return /^\s*(?:COMMIT|WITH|INSERT|UPDATE|DELETE)/.test(sql)
}

function pointsBefore(sql: string, isUpgrade: boolean): readonly Point[] {
  return [...(isUpgrade ? (['migration:begun'] as const) : []), ...(commits(sql) ? (['commit:before'] as const) : [])]
}

function pointsAfter(sql: string, isUpgrade: boolean, upgraded: boolean): readonly Point[] {
  if (isUpgrade) return ['migration:changed']
  if (sql === 'BEGIN') return ['transaction:begun']
  if (!commits(sql)) return []
  return sql === 'COMMIT' && upgraded ? ['commit:after', 'migration:done'] : ['commit:after']
}

/** What undici tells about every request. */
function watchRequests(passed: (point: Point) => void): void {
  const deliveries = (point: Point) => (message: unknown) => {
    if (pathIn(message) === hookPath) passed(point)
  }
  const listings = (point: Point) => (message: unknown) => {
    if (/\/(?:children|files)\b/.test(pathIn(message))) passed(point)
  }
  subscribe('undici:client:sendHeaders', deliveries(isMainThread ? 'request:leaving' : 'thread:leaving'))
  subscribe('undici:request:bodySent', deliveries(isMainThread ? 'request:sent' : 'thread:sent'))
  subscribe('undici:request:headers', deliveries(isMainThread ? 'request:answered' : 'thread:answered'))
  subscribe('undici:client:sendHeaders', listings('listing:asked'))
  subscribe('undici:request:headers', listings('listing:answered'))
}

function pathIn(message: unknown): string {
  return String(Object(Object(message).request).path)
}
