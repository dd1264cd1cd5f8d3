import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { FileRows } from '../../src/store/sqlite/file-rows.ts'
import { GroupCommit } from '../../src/store/sqlite/group-commit.ts'
import { openDatabase } from '../../src/store/sqlite/open-database.ts'
import { OutboxRows } from '../../src/store/sqlite/outbox-rows.ts'
import { storeError } from '../../src/store/sqlite/sqlite-error.ts'
import { Names, type Row, Statements } from '../../src/store/sqlite/statements.ts'
import { aState } from '../support/builders.ts'
import { tempDir } from '../support/temp-dir.ts'
import { owed } from './commits.ts'

/** Notes how SQLite means to carry out each query. */
class Explaining extends Statements {
  readonly plans: string[] = []

  override all(...[sql, ...values]: Parameters<Statements['all']>): Row[] {
    this.#explain(sql, values)
    return super.all(sql, ...values)
  }

  override one(...[sql, ...values]: Parameters<Statements['one']>): Row | undefined {
    this.#explain(sql, values)
    return super.one(sql, ...values)
  }

  #explain(sql: string, values: Parameters<Statements['all']> extends [string, ...infer V] ? V : never): void {
    this.plans.push(...super.all(`EXPLAIN QUERY PLAN ${sql}`, ...values).map((row) => String(row.detail)))
  }
}

function rows() {
  const { database, close } = openDatabase(join(tempDir(), 'db'))
  onTestFinished(close)
  const statements = new Explaining(database)
  const names = new Names(statements)
  const [files, outbox] = [new FileRows(statements, names), new OutboxRows(statements, names)]
  files.put(aState(), 0)
  outbox.owe(owed('e'), 0)
  return { database, statements, names, files, outbox }
}

const claim = { target: 'hook', limit: 1, now: 1, leaseUntil: 2 }

test.each<[string, readonly string[], (made: ReturnType<typeof rows>) => unknown]>([
  ['claim', ['deliveries_due', 'deliveries_flying'], ({ outbox }) => outbox.claim(claim)],
  ['nextDue', ['deliveries_due', 'deliveries_leased'], ({ outbox }) => outbox.nextDue('hook')],
  ['files by id', ['files_by_id'], ({ files }) => files.byId('default', ['f1', 'f2'])],
  ['files by path', ['files_by_path'], ({ files }) => files.byPath('default', ['in/a.txt'])],
  ['pending files', ['files_pending'], ({ files }) => files.page('default', ['uploading', 'settling'], null, 5)],
])('the query for %s uses the indexes %j and sorts nothing by files', (_name, indexes, query) => {
  const made = rows()
  made.statements.plans.length = 0
  query(made)
  const plan = made.statements.plans.join('\n')
  for (const index of indexes) expect(plan).toContain(index)
  expect(plan).not.toMatch(/SCAN (files|deliveries|d|f)\b/)
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
