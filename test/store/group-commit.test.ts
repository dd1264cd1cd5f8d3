import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { GroupCommit } from '../../src/store/sqlite/group-commit.ts'
import type { LogSync } from '../../src/store/sqlite/log-sync.ts'
import { openDatabase } from '../../src/store/sqlite/open-database.ts'
import { storeError } from '../../src/store/sqlite/sqlite-error.ts'
import { settled } from '../support/fake-clock.ts'
import { tempDir } from '../support/temp-dir.ts'
import { waitFor } from '../support/wait-for.ts'

/** A database whose disk takes as long as the test wants. */
function onSlowDisk() {
  const { database, close } = openDatabase(join(tempDir(), 'db'))
  onTestFinished(close)
  database.exec('CREATE TABLE noted (text TEXT)')
  const syncs: { readonly done: () => void; readonly fail: (error: Error) => void }[] = []
  const logSync: LogSync = {
    sync: () => new Promise((resolve, reject) => void syncs.push({ done: resolve, fail: reject })),
    close: () => {},
  }
  const pauses: Promise<void>[] = []
  const checkpointer = { delivers: () => {}, next: () => pauses.shift() ?? null, close: async () => {} }
  const toError = (error: unknown) => storeError(error, 'db')
  const group = new GroupCommit(database, { toError, onRollback: () => {}, logSync, checkpointer })
  const told: string[] = []
  const note = (text: string) =>
    group
      .write(() => void database.prepare('INSERT INTO noted VALUES (?)').run(text))
      .then(
        () => void told.push(text),
        (error: { code: string }) => void told.push(`${text}: ${error.code}`),
      )
  /** Tells how many were noted before, as it saw it. */
  const noteUnsynced = (text: string) =>
    group
      .writeUnsynced(() => {
        const { count } = database.prepare('SELECT count(*) AS count FROM noted').get() ?? {}
        database.prepare('INSERT INTO noted VALUES (?)').run(text)
        return count
      })
      .then(
        (count) => void told.push(`${text} after ${count}`),
        (error: { code: string }) => void told.push(`${text}: ${error.code}`),
      )
  const noted = () =>
    database
      .prepare('SELECT text FROM noted')
      .all()
      .map(({ text }) => text)
  return { group, pauses, syncs, told, note, noteUnsynced, noted }
}

test('a caller is told only when the log is synced after its commit, and what comes meanwhile is committed together', async () => {
  const { syncs, told, note, noted } = onSlowDisk()
  void note('a')
  await waitFor('the first sync', () => syncs.length === 1)
  void note('b')
  await settled()
  void note('c')
  await settled()
  expect([told, noted(), syncs.length]).toEqual([[], ['a'], 1])

  syncs[0]?.done()
  await waitFor('the second sync', () => syncs.length === 2)
  expect([told, noted()]).toEqual([['a'], ['a', 'b', 'c']])

  syncs[1]?.done()
  await waitFor('all are told', () => told.length === 3)
  expect(told).toEqual(['a', 'b', 'c'])
})

test('who does not wait for the disk is told at the commit, and never sees what is not durable', async () => {
  const { syncs, told, note, noteUnsynced, noted } = onSlowDisk()
  await noteUnsynced('claim 1')
  expect([told, syncs.length]).toEqual([['claim 1 after 0'], 0])

  void note('a')
  void noteUnsynced('claim 2')
  await waitFor('the first sync', () => syncs.length === 1)
  expect([told.at(-1), noted()]).toEqual(['claim 2 after 1', ['claim 1', 'claim 2', 'a']])
  void noteUnsynced('claim 3')
  await settled()
  expect(noted()).toHaveLength(3)

  syncs[0]?.done()
  await waitFor('the third claim', () => told.length === 4)
  expect(told.slice(2)).toEqual(['a', 'claim 3 after 3'])
  expect(syncs).toHaveLength(1)
})

test('one of a transaction that fails takes no other with it, whether they wait for the disk or not', async () => {
  const { group, syncs, told, note, noteUnsynced } = onSlowDisk()
  const failing = group.writeUnsynced(() => {
    throw new Error('it cannot be done')
  })
  void note('a')
  void noteUnsynced('claim')
  await expect(failing).rejects.toMatchObject({ code: 'STORE_FAILED' })
  await waitFor('the first sync', () => syncs.length === 1)
  syncs[0]?.done()
  await waitFor('all are told', () => told.length === 2)
  expect(told).toEqual(['claim after 0', 'a'])
})

test('nothing is believed any more after a sync that failed', async () => {
  const { syncs, told, note, noteUnsynced, noted } = onSlowDisk()
  void note('a')
  await waitFor('the first sync', () => syncs.length === 1)
  void note('b')

  syncs[0]?.fail(new Error('EIO: i/o error, fdatasync'))
  await waitFor('all are told', () => told.length === 2)
  await note('c')
  await noteUnsynced('d')

  expect([noted(), syncs.length]).toEqual([['a'], 1])

  expect(told).toEqual(['a', 'b', 'c', 'd'].map((text) => `${text}: STORE_CORRUPT`))
})

test('a flush ends when all are told, also where it is asked for by one who was just told', async () => {
  const { group, syncs, told, note } = onSlowDisk()
  const flushed = note('a').then(() => {
    void note('b')
    return group.flush()
  })
  await waitFor('the first sync', () => syncs.length === 1)
  syncs[0]?.done()
  await waitFor('the second sync', () => syncs.length === 2)
  syncs[1]?.done()

  await flushed

  expect(told).toEqual(['a', 'b'])
})

test('a flush ends when all are told, also those that do not wait for the disk', async () => {
  const { group, syncs, told, noteUnsynced } = onSlowDisk()
  void noteUnsynced('claim')
  await group.flush()
  expect([told, syncs.length]).toEqual([['claim after 0'], 0])
})

test('the log begins anew behind what was not synced, too', async () => {
  const { pauses, told, note, noteUnsynced, noted } = onSlowDisk()
  const pause = Promise.withResolvers<void>()
  pauses.push(pause.promise)
  await noteUnsynced('claim')

  void note('a')
  await settled()
  expect([told, noted()]).toEqual([['claim after 0'], ['claim']])

  pause.resolve()
  await waitFor('it is committed', () => noted().length === 2)
})

test('nothing is committed while the log is made to begin anew, and what came meanwhile afterwards', async () => {
  const { pauses, syncs, told, note, noted } = onSlowDisk()
  const pause = Promise.withResolvers<void>()
  pauses.push(pause.promise)
  void note('a')
  await waitFor('the first sync', () => syncs.length === 1)
  syncs[0]?.done()
  await waitFor('it is told', () => told.length === 1)

  void note('b')
  await settled()
  expect(noted()).toEqual(['a'])

  pause.resolve()
  await waitFor('the second sync', () => syncs.length === 2)
  expect(noted()).toEqual(['a', 'b'])
})
