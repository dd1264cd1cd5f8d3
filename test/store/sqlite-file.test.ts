import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { deliveryId } from '../../src/core/ids.ts'
import { migrations } from '../../src/store/sqlite/migrations.ts'
import { openDatabase } from '../../src/store/sqlite/open-database.ts'
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { type Store, watchLease } from '../../src/store/store.ts'
import { anEvent } from '../support/builders.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { tempDir } from '../support/temp-dir.ts'
import { aCommit, owed, watch } from './commits.ts'

async function open(path: string, clock = new FakeClock()): Promise<Store> {
  const store = await openSqliteStore({ path, clock })
  onTestFinished(() => store.close())
  return store
}

function tamper(path: string, sql: string): void {
  const database = new DatabaseSync(path)
  database.exec(sql)
  database.close()
}

test('a second opener is refused until the first has closed', async () => {
  const path = join(tempDir(), 'db')
  const first = await open(path)
  await expect(open(path)).rejects.toMatchObject({ code: 'STORE_LOCKED' })
  await first.close()
  await open(path)
})

test('a database that needs a newer reader is refused, one that is only newer is not', async () => {
  const path = join(tempDir(), 'db')
  await (await open(path)).close()
  tamper(path, "UPDATE meta SET value = 99 WHERE key = 'version'")
  await (await open(path)).close()
  tamper(path, "UPDATE meta SET value = 99 WHERE key = 'minReader'")
  await expect(open(path)).rejects.toMatchObject({ code: 'STORE_NEWER_SCHEMA' })
})

test('a file that is no database is refused and left as it is', async () => {
  const path = join(tempDir(), 'db')
  writeFileSync(path, 'garbage '.repeat(1000))
  await expect(open(path)).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
})

test('an upgrade leaves a copy of what was there before', async () => {
  const path = join(tempDir(), 'db')
  await (await open(path)).close()
  const latest = migrations.length
  const next = { version: latest + 1, minReader: 1, sql: 'CREATE TABLE added (x INTEGER) STRICT' }
  openDatabase(path, [...migrations, next]).close()
  const copy = new DatabaseSync(`${path}.v${latest}.copy`, { readOnly: true })
  onTestFinished(() => copy.close())
  expect(copy.prepare("SELECT value FROM meta WHERE key = 'version'").get()?.value).toBe(latest)
  await open(path)
})

test('a database of the first version is brought up to date with all that is owed', async () => {
  const [path, clock] = [join(tempDir(), 'db'), new FakeClock()]
  const opened = openDatabase(path, migrations.slice(0, 1))
  const first = opened.database
  first.exec(`INSERT INTO names (id, name) VALUES (1, 'hook'), (2, 'default')`)
  first
    .prepare('INSERT INTO events (seq, id, data, deliveries) VALUES (1, ?, ?, 1)')
    .run('e', JSON.stringify(anEvent({ id: 'e' })))
  first.exec(`INSERT INTO deliveries (id, target_id, trigger_id, event_seq, file_key, state, attempts, next_at, created_at)
    VALUES ('dlv_old', 1, 2, 1, 7, 0, 3, 0, 0)`)
  opened.close()
  const store = await open(path, clock)
  expect(await store.delivery('dlv_old')).toMatchObject({ state: 'owed', attempts: 3, job: null, event: { id: 'e' } })
})

test('claims of an earlier life are handed back with their attempts counted', async () => {
  const [path, clock] = [join(tempDir(), 'db'), new FakeClock()]
  const first = await open(path, clock)
  await first.commit(aCommit({ events: [owed('e')] }))
  const claim = { target: 'hook', limit: 1, now: clock.now(), leaseUntil: clock.now() + 60_000 }
  await first.claim(claim)
  await first.close()
  const second = await open(path, clock)
  expect(await second.claim(claim)).toEqual([])
  await second.releaseClaims()
  expect(await second.claim(claim)).toMatchObject([{ attempt: 2 }])
})

test('names get their numbers anew after a transaction that was rolled back', async () => {
  const path = join(tempDir(), 'db')
  const store = await open(path)
  await store.lease(watchLease(watch), 'me', 1_000)
  const failing = { failingSince: 7, disabledAt: null }
  const refused = aCommit({ epoch: 9, events: [owed('e')] })
  const settled = await Promise.allSettled([store.saveTargetState('a', failing), store.commit(refused)])
  expect(settled).toMatchObject([{ status: 'fulfilled' }, { reason: { code: 'STORE_FENCED' } }])
  await store.close()
  expect(await (await open(path)).targetState('a')).toEqual(failing)
})

test('a target is counted whose first delivery was rolled back once with what shared its transaction', async () => {
  const store = await open(join(tempDir(), 'db'))
  await store.lease(watchLease(watch), 'me', 1_000)
  const refused = aCommit({ epoch: 9, events: [owed('refused')] })
  const settled = await Promise.allSettled([store.commit(aCommit({ events: [owed('e')] })), store.commit(refused)])
  expect(settled).toMatchObject([{ status: 'fulfilled' }, { reason: { code: 'STORE_FENCED' } }])
  expect(await store.depth()).toMatchObject([{ target: 'hook', owed: 1, dead: 0 }])
})

test('nothing is done after close', async () => {
  const store = await open(join(tempDir(), 'db'))
  await store.close()
  await expect(store.depth()).rejects.toMatchObject({ code: 'STORE_FAILED' })
  await expect(store.commit(aCommit())).rejects.toMatchObject({ code: 'STORE_FAILED' })
})

test('all that was acknowledged outlives SIGKILL, again and again', async () => {
  const path = join(tempDir(), 'db')
  const acknowledged: string[] = []
  for (let life = 0; life < 3; life += 1) {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'kill-me.ts'), path, String(life)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    const exited = once(child, 'exit')
    let ofThisLife = 0
    for await (const id of createInterface({ input: child.stdout })) {
      acknowledged.push(id)
      ofThisLife += 1
      if (ofThisLife === 40) child.kill('SIGKILL')
    }
    expect((await exited)[1]).toBe('SIGKILL')
  }
  const store = await open(path)
  for (const id of acknowledged) expect(await store.delivery(deliveryId(id, 'hook'))).not.toBeNull()
  const [depth] = await store.depth()
  const listed = await store.deliveries({ limit: 100_000 })
  expect(depth?.owed).toBe(listed.length)
  expect(listed.length).toBeGreaterThanOrEqual(120)
})
