import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import type { DeliveryState, Job } from '../../src/core/delivery.ts'
import type { FileState, Phase } from '../../src/core/file-state.ts'
import { deliveryId } from '../../src/core/ids.ts'
import { deliveryStateNumbers, encodeJob, encodeState, fileKey, phaseNumbers } from '../../src/store/encoding.ts'
import { migrations } from '../../src/store/sqlite/migrations.ts'
import { openDatabase } from '../../src/store/sqlite/open-database.ts'
import { openSqliteStore, openSqliteStoreBeside } from '../../src/store/sqlite/sqlite-store.ts'
import { anEvent, aState } from '../support/builders.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { tempDir } from '../support/temp-dir.ts'
import { aCommit, owed } from './commits.ts'

const second = migrations.slice(0, 2)
const names = { hook: 1, other: 2, default: 3 } as const
const job: Job = { id: 'j', state: 'running', detail: 'RUNNING', seenAt: 5 }

const states: readonly FileState[] = [
  ...Object.keys(phaseNumbers).flatMap((phase) =>
    [1, 2].map((n) => aState({ fileId: `${phase}-${n}`, path: `in/${phase}-${n}`, phase: phase as Phase })),
  ),
  aState({ fileId: 'lost', path: null, dir: 'in', phase: 'settling' }),
  aState({ fileId: 'ü/漢字/🎉', path: 'in/complete-1', phase: 'complete' }),
]

interface Old {
  readonly event: string
  readonly target: 'hook' | 'other'
  readonly state: DeliveryState
  readonly leaseUntil?: number
  readonly job?: Job
}

/** `both` went to two targets, of which one has it. */
const deliveries: readonly Old[] = [
  { event: 'both', target: 'hook', state: 'delivered' },
  { event: 'both', target: 'other', state: 'owed' },
  { event: 'due', target: 'hook', state: 'owed' },
  { event: 'leased', target: 'hook', state: 'owed', leaseUntil: 9_000_000_000_000 },
  { event: 'started', target: 'hook', state: 'delivered', job },
  { event: 'ended', target: 'hook', state: 'delivered', job: { ...job, state: 'succeeded' } },
  { event: 'dead', target: 'hook', state: 'dead' },
  { event: 'discarded', target: 'other', state: 'discarded' },
]
const idOf = ({ event, target }: Old) => deliveryId(event, target)
const ids = deliveries.map(idOf)
const [, bothOther = '', due = '', leased = '', started = '', , dead = ''] = ids

/** What a build of schema 2 wrote. */
function fill(database: DatabaseSync): void {
  const run = (sql: string, ...values: (string | number | null)[]) => database.prepare(sql).run(...values)
  for (const [name, id] of Object.entries(names)) run('INSERT INTO names (id, name) VALUES (?, ?)', id, name)
  for (const state of states) {
    const row = [names.default, state.fileId, state.path, phaseNumbers[state.phase], 7, encodeState(state)]
    run('INSERT INTO files (trigger_id, file_id, path, phase, touched_at, data) VALUES (?, ?, ?, ?, ?, ?)', ...row)
  }
  for (const [index, old] of deliveries.entries()) {
    const { event } = owed(old.event)
    run(
      `INSERT INTO events (id, data, deliveries) VALUES (?, ?, 1)
       ON CONFLICT (id) DO UPDATE SET deliveries = deliveries + excluded.deliveries`,
      event.id,
      JSON.stringify(event),
    )
    const { seq } = database.prepare('SELECT seq FROM events WHERE id = ?').get(event.id) ?? {}
    run(
      `INSERT INTO deliveries (seq, id, target_id, trigger_id, event_seq, file_key, state, attempts, next_at, lease_until,
         created_at, ended_at, reason, answer, job, job_seen) VALUES (?, ?, ?, ?, ?, ?, ?, 1, 0, ?, ?, ?, 'why', '{"status":200,"body":""}', ?, ?)`,
      10 * index + 10,
      idOf(old),
      names[old.target],
      names.default,
      Number(seq),
      fileKey(event),
      deliveryStateNumbers[old.state],
      old.leaseUntil ?? null,
      index,
      old.state === 'owed' ? null : 100 + index,
      ...encodeJob(old.job ?? null),
    )
  }
  run('INSERT INTO target_states (target_id, failing_since, disabled_at) VALUES (?, 3, 4)', names.hook)
  run("INSERT INTO baselines (trigger_id, state, cut_ms) VALUES (?, 'done', 6)", names.default)
}

function anOldDatabase(): string {
  const path = join(tempDir(), 'db')
  const { database, close } = openDatabase(path, second)
  fill(database)
  close()
  return path
}

async function upgraded() {
  const [path, clock] = [anOldDatabase(), new FakeClock()]
  const store = await openSqliteStore({ path, clock })
  onTestFinished(() => store.close())
  const depth = async () => (await store.depth()).map(({ target, ...counts }) => [target, counts.owed, counts.dead])
  return { path, clock, store, depth }
}

test('all files of schema 2 are found by id, by path and page by page', async () => {
  const { store } = await upgraded()
  const fileIds = states.map(({ fileId }) => fileId)
  expect([...(await store.files('default', fileIds)).values()].toSorted(byId)).toEqual(states.toSorted(byId))
  for (const { path } of states) {
    if (path === null) continue
    const sharing = states.filter((each) => each.path === path)
    expect((await store.filesByPath('default', [path])).toSorted(byId)).toEqual(sharing.toSorted(byId))
  }
  for (const phases of [['uploading', 'settling'], Object.keys(phaseNumbers)] as Phase[][]) {
    const found: FileState[] = []
    const next = () => store.pageFiles('default', phases, found.at(-1)?.fileId ?? null, 2)
    for (let page = await next(); page.length > 0; page = await next()) found.push(...page)
    expect(found.toSorted(byId)).toEqual(states.filter(({ phase }) => phases.includes(phase)).toSorted(byId))
  }
  expect(await store.triggers()).toEqual(['default'])
  expect(await store.baseline('default')).toEqual({ trigger: 'default', state: 'done', cutMs: 6 })
})

test('files of schema 2 are replaced, moved, forgotten and pruned', async () => {
  const { store } = await upgraded()
  const moved = aState({ fileId: 'uploading-1', path: 'in/moved', phase: 'complete' })
  await store.commit(aCommit({ states: [moved], forget: [{ trigger: 'default', fileId: 'stalled-2' }] }))
  expect(await store.filesByPath('default', ['in/moved', 'in/uploading-1'])).toEqual([moved])
  expect(await store.filesByPath('default', ['in/stalled-2'])).toEqual([])
  expect(await store.prune({ delivered: 0, gone: 8 })).toBe(2)
  expect(await store.pageFiles('default', ['gone'], null, 9)).toEqual([])
  expect(await store.pageFiles('default', Object.keys(phaseNumbers) as Phase[], null, 99)).toHaveLength(
    states.length - 3,
  )
})

test('all deliveries of schema 2 are found by id and listed in their order', async () => {
  const { store, depth } = await upgraded()
  for (const [index, old] of deliveries.entries()) {
    expect(await store.delivery(idOf(old))).toEqual({
      id: idOf(old),
      target: old.target,
      event: anEvent({ id: old.event, fileId: `file-${old.event}` }),
      state: old.state,
      attempts: 1,
      nextAt: 0,
      createdAt: index,
      lastAttemptAt: old.state === 'owed' ? null : 100 + index,
      lastReason: 'why',
      lastAnswer: { status: 200, body: '' },
      job: old.job ?? null,
    })
  }
  expect((await store.deliveries({ limit: 99 })).map(({ id }) => id)).toEqual(ids)
  expect((await store.deliveries({ limit: 2, after: due })).map(({ id }) => id)).toEqual([leased, started])
  expect((await store.deliveries({ limit: 9, state: 'dead' })).map(({ id }) => id)).toEqual([dead])
  expect(await store.openJobs('hook', 5, 9)).toEqual([{ delivery: started, job }])
  expect(await store.targetState('hook')).toEqual({ failingSince: 3, disabledAt: 4 })
  expect(await depth()).toEqual([
    ['hook', 2, 1],
    ['other', 1, 0],
  ])
})

test('deliveries of schema 2 go on, are counted, and are pruned with their events', async () => {
  const { path, clock, store, depth } = await upgraded()
  const claim = { target: 'hook', limit: 9, now: clock.now(), leaseUntil: clock.now() + 1 }
  expect((await store.claim(claim)).map(({ id, attempt }) => [id, attempt])).toEqual([[due, 2]])
  await store.releaseClaims()
  expect((await store.claim(claim)).map(({ id, attempt }) => [id, attempt])).toEqual([
    [due, 3],
    [leased, 2],
  ])
  // What was owed already is owed no second time.
  await store.commit(aCommit({ events: deliveries.map(({ event, target }) => owed(event, [target])) }))
  const end = { kind: 'delivered', at: 200, answer: null, job: null } as const
  await store.settle([due, leased].map((id) => ({ ...end, id })))
  await store.saveJobs([{ delivery: started, job: { ...job, state: 'succeeded' } }])
  expect(await store.openJobs('hook', 999, 9)).toEqual([])
  expect(await store.replay([dead], 200)).toBe(1)
  expect(await depth()).toEqual([
    ['hook', 1, 0],
    ['other', 1, 0],
  ])
  expect(await store.prune({ delivered: 1_000, gone: 0 })).toBe(6)
  expect((await store.delivery(bothOther))?.event.id).toBe('both')
  expect(await store.discard([bothOther, dead], 200)).toBe(2)
  expect(await store.prune({ delivered: 1_000, gone: 0 })).toBe(2)
  expect(await depth()).toEqual([
    ['hook', 0, 0],
    ['other', 0, 0],
  ])
  await store.close()
  const opened = openDatabase(path)
  onTestFinished(opened.close)
  expect(opened.database.prepare('SELECT count(*) AS events FROM events').get()?.events).toBe(0)
})

test("an operator's command waits for the upgrade, and older builds refuse what came of it", async () => {
  const [path, clock] = [anOldDatabase(), new FakeClock()]
  await expect(openSqliteStoreBeside({ path, clock })).rejects.toMatchObject({ code: 'STORE_NEWER_SCHEMA' })
  await (await openSqliteStore({ path, clock })).close()
  await (await openSqliteStoreBeside({ path, clock })).close()
  expect(() => openDatabase(path, second)).toThrow(expect.objectContaining({ code: 'STORE_NEWER_SCHEMA' }))
  const copy = openDatabase(`${path}.v2.copy`, second)
  onTestFinished(copy.close)
  expect(copy.database.prepare('SELECT count(*) AS files FROM files').get()?.files).toBe(states.length)
})

/** Schema and rows, to the last of them, as a build of these migrations sees them. */
function contents(path: string, known: typeof migrations) {
  const { database, close } = openDatabase(path, known)
  const schema = database.prepare('SELECT type, name, sql FROM sqlite_master ORDER BY name').all()
  const tables = schema.filter(({ type }) => type === 'table')
  const rows = tables.map(({ name }) => [name, database.prepare(`SELECT * FROM ${name}`).all()])
  close()
  return { schema, rows }
}

test.each([
  [3, 'INSERT INTO deliveries_3'],
  [3, 'DROP TABLE files;'],
  [3, 'DROP TABLE events;'],
  [3, 'ALTER TABLE deliveries_3'],
  [3, 'CREATE INDEX deliveries_jobs'],
  [3, 'CREATE TRIGGER delivery_deleted'],
  [4, 'DROP TABLE outbox;'],
  [4, 'CREATE INDEX deliveries_dead'],
  [4, 'CREATE TRIGGER delivery_deleted'],
])('an upgrade to schema %i that breaks off before "%s" leaves everything as it was', async (version, statement) => {
  const path = anOldDatabase()
  const known = migrations.filter((step) => step.version < version)
  const before = contents(path, known)
  const broken = migrations
    .filter((step) => step.version === version)
    .map((step) => {
      expect(step.sql).toContain(statement)
      return { ...step, sql: step.sql.replace(statement, `SELECT nonsense; ${statement}`) }
    })

  expect(() => openDatabase(path, [...known, ...broken])).toThrow(expect.objectContaining({ code: 'STORE_FAILED' }))

  expect(contents(path, known)).toEqual(before)
  const store = await openSqliteStore({ path, clock: new FakeClock() })
  onTestFinished(() => store.close())
  expect(await store.deliveries({ limit: 99 })).toHaveLength(deliveries.length)
})

function byId(a: FileState, b: FileState): number {
  return a.fileId < b.fileId ? -1 : 1
}
