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
  const group = new GroupCommit(database, { toError: (error) => storeError(error, 'db'), logSync, checkpointer })
  const told: string[] = []
  const note = (text: string) =>
    group
      .write(() => void database.prepare('INSERT INTO noted VALUES (?)').run(text))
      .then(
        () => void told.push(text),
        (error: { code: string }) => void told.push(`${text}: ${error.code}`),
      )
  const noted = () =>
    database
      .prepare('SELECT text FROM noted')
      .all()
      .map(({ text }) => text)
  return { group, pauses, syncs, told, note, noted }
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

test('nothing is believed any more after a sync that failed', async () => {
  const { syncs, told, note, noted } = onSlowDisk()
  void note('a')
  await waitFor('the first sync', () => syncs.length === 1)
  void note('b')

  syncs[0]?.fail(new Error('EIO: i/o error, fdatasync'))
  await waitFor('all are told', () => told.length === 2)
  await note('c')

  expect([noted(), syncs.length]).toEqual([['a'], 1])

  expect(told).toEqual(['a: STORE_CORRUPT', 'b: STORE_CORRUPT', 'c: STORE_CORRUPT'])
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
