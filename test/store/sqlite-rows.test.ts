import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Job } from '../../src/core/delivery.ts'
import { deliveryId } from '../../src/core/ids.ts'
import { FileRows } from '../../src/store/sqlite/file-rows.ts'
import { GroupCommit } from '../../src/store/sqlite/group-commit.ts'
import { JobRows } from '../../src/store/sqlite/job-rows.ts'
import { openDatabase } from '../../src/store/sqlite/open-database.ts'
import { OutboxRows } from '../../src/store/sqlite/outbox-rows.ts'
import { storeError } from '../../src/store/sqlite/sqlite-error.ts'
import { Names, type Row, Statements } from '../../src/store/sqlite/statements.ts'
import { aState } from '../support/builders.ts'
import { tempDir } from '../support/temp-dir.ts'
import { owed } from './commits.ts'

/** Notes how SQLite means to carry out each statement. */
class Explaining extends Statements {
  readonly plans: string[] = []
  readonly asked: string[] = []

  override run(...[sql, ...values]: Parameters<Statements['run']>): number {
    this.#explain(sql, values)
    return super.run(sql, ...values)
  }

  override all(...[sql, ...values]: Parameters<Statements['all']>): Row[] {
    this.#explain(sql, values)
    return super.all(sql, ...values)
  }

  override one(...[sql, ...values]: Parameters<Statements['one']>): Row | undefined {
    this.#explain(sql, values)
    return super.one(sql, ...values)
  }

  override insert(...[sql, ...values]: Parameters<Statements['insert']>): number {
    this.#explain(sql, values)
    return super.insert(sql, ...values)
  }

  override rows(...[sql, ...values]: Parameters<Statements['rows']>): ReturnType<Statements['rows']> {
    this.#explain(sql, values)
    return super.rows(sql, ...values)
  }

  #explain(sql: string, values: Parameters<Statements['all']> extends [string, ...infer V] ? V : never): void {
    this.asked.push(sql)
    this.plans.push(...super.all(`EXPLAIN QUERY PLAN ${sql}`, ...values).map((row) => String(row.detail)))
  }
}

function rows() {
  const { database, close } = openDatabase(join(tempDir(), 'db'))
  onTestFinished(close)
  const statements = new Explaining(database)
  const names = new Names(statements)
  const [files, outbox] = [new FileRows(statements, names), new OutboxRows(statements, names)]
  const jobs = new JobRows(statements, names)
  files.put(aState(), 0)
  outbox.owe(owed('e'), 0)
  return { database, statements, names, files, outbox, jobs }
}

const claim = { target: 'hook', limit: 1, now: 1, leaseUntil: 2 }
const id = deliveryId('e', 'hook')
const delivered = { id, kind: 'delivered', at: 1, answer: null, job: null } as const
const job: Job = { id: 'j', state: 'running', detail: '', seenAt: 0 }

test.each<[string, readonly string[], (made: ReturnType<typeof rows>) => unknown]>([
  ['claim', ['deliveries_due', 'deliveries_flying'], ({ outbox }) => outbox.claim(claim)],
  ['nextDue', ['deliveries_due', 'deliveries_flying'], ({ outbox }) => outbox.nextDue('hook')],
  ['owe', ['deliveries_by_key'], ({ outbox }) => outbox.owe(owed('e', ['hook', 'other']), 0)],
  ['settle without a claim', ['deliveries_by_key'], ({ outbox }) => outbox.settle(delivered)],
  ['delivery', ['deliveries_by_key'], ({ outbox }) => outbox.delivery(id)],
  ['deliveries', ['deliveries_by_key'], ({ outbox }) => outbox.list({ after: id, limit: 1 })],
  ['rerun', ['deliveries_by_key'], ({ outbox }) => outbox.rerun(id, 0)],
  ['replay', ['deliveries_by_key'], ({ outbox }) => outbox.replay(id, 0)],
  ['discard', ['deliveries_by_key'], ({ outbox }) => outbox.discard(id, 0)],
  ['depth', ['COVERING INDEX deliveries_oldest', 'COVERING INDEX deliveries_dead'], ({ outbox }) => outbox.depth()],
  ['prune', ['deliveries_over'], ({ outbox }) => outbox.prune(1, 1)],
  ['saved jobs', ['deliveries_by_key'], ({ jobs }) => jobs.save({ delivery: id, job })],
  ['open jobs', ['deliveries_jobs'], ({ jobs }) => jobs.open('hook', 1, 1)],
  ['a known file', ['files_by_key'], ({ files }) => files.put(aState(), 0)],
  ['a new file', ['files_by_key'], ({ files }) => files.put(aState({ fileId: 'f2' }), 0)],
  ['a forgotten file', ['files_by_key'], ({ files }) => files.forget('default', 'f1')],
  ['files by id', ['files_by_key'], ({ files }) => files.byId('default', ['f1', 'f2'])],
  ['files by path', ['files_by_path'], ({ files }) => files.byPath('default', ['in/a.txt'])],
  ['pending files', ['files_pending'], ({ files }) => files.page('default', ['uploading', 'settling'], 'f1', 5)],
  ['all files', ['files_by_key'], ({ files }) => files.page('default', ['uploading', 'complete'], 'f1', 5)],
  ['a new name', ['files_by_key'], ({ files }) => files.rename('default', 'next')],
  ['files that are gone', ['files_gone'], ({ files }) => files.pruneGone(1, 1)],
])('%s uses the indexes %j and scans neither files nor what is owed', (_name, indexes, query) => {
  const made = rows()
  made.statements.plans.length = 0
  query(made)
  const plan = made.statements.plans.join('\n')
  for (const index of indexes) expect(plan).toContain(index)
  expect(plan).not.toMatch(/SCAN (files|deliveries|events|d|e|f)\b/)
})

test('what each delivery runs is not planned anew each time, as SQLite does where a bare LIMIT is bound', () => {
  const { statements, outbox } = rows()
  statements.asked.length = 0

  outbox.owe(owed('another'), 0)
  outbox.claim(claim)
  outbox.settle(delivered)
  outbox.nextDue('hook')

  expect(statements.asked.length).toBeGreaterThan(5)
  expect(statements.asked.filter((sql) => /LIMIT \?\s*$/.test(sql))).toEqual([])
})

test('a full disk fails the write as STORE_FULL, changes nothing, and work resumes with space', async () => {
  const { database, names, files } = rows()
  const toError = (error: unknown) => storeError(error, 'db')
  const group = new GroupCommit(database, {
    toError,
    onRollback: () => names.forget(),
    logSync: null,
    checkpointer: null,
  })
  const pages = Number(database.prepare('PRAGMA page_count').get()?.page_count)
  database.exec(`PRAGMA max_page_count = ${pages}`)
  const fill = () =>
    group.write(() => {
      for (let index = 0; index < 500; index += 1) files.put(aState({ fileId: `n${index}`, path: 'p'.repeat(500) }), 0)
    })
  await expect(fill()).rejects.toMatchObject({ code: 'STORE_FULL' })
  expect(files.byId('default', ['n0', 'f1']).size).toBe(1)
  database.exec('PRAGMA max_page_count = 1000000')
  await fill()
  expect(files.byId('default', ['n0', 'n499']).size).toBe(2)
})
