// Loaded before OneTrigger's own program (`node --import`): the process kills itself with SIGKILL when it comes by the point that its parent chose.
// Nothing of OneTrigger knows of it; it watches where every program meets Node: SQL statements, HTTP requests. Each thread loads it, and counts by itself.
import { subscribe } from 'node:diagnostics_channel'
import { DatabaseSync, StatementSync } from 'node:sqlite'
import { isMainThread } from 'node:worker_threads'
import { Passage, type Words } from './passage.ts'
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
  const passage = new Passage({
    begins: 'BEGIN IMMEDIATE',
    commits: (sql) => sql === 'COMMIT',
    upgrades: (sql) => sql === next,
  })
  const around = <T>(sql: string, execute: () => T): T => {
    for (const point of passage.before(sql)) passed(point)
    const result = execute()
    for (const point of passage.after(sql)) passed(point)
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
  const words: Words = {
    begins: 'BEGIN',
    // Most statements are transactions of their own here.
    commits: (sql) => /^\s*(?:COMMIT|WITH|INSERT|UPDATE|DELETE)/.test(sql),
    upgrades: (sql) => table !== undefined && sql.startsWith('CREATE TABLE') && sql.includes(table),
  }
  const passages = new WeakMap<object, Passage>()
  const watched = async function (this: object, asked: unknown, ...more: unknown[]): Promise<unknown> {
    const sql = typeof asked === 'string' ? asked : String(Object(asked).text)
    const passage = passages.get(this) ?? new Passage(words)
    passages.set(this, passage)
    for (const point of passage.before(sql)) passed(point)
    // The driver has its own overloads for callbacks; ours asks for promises only.
    const answer: unknown = await Reflect.apply(query, this, [asked, ...more])
    for (const point of passage.after(sql)) passed(point)
    return answer
  }
  Object.assign(Client.prototype, { query: watched })
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
