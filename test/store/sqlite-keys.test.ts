import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import type { FileState } from '../../src/core/file-state.ts'
import { deliveryId } from '../../src/core/ids.ts'
import { textKey } from '../../src/store/encoding.ts'
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import type { Store } from '../../src/store/store.ts'
import { aState } from '../support/builders.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { tempDir } from '../support/temp-dir.ts'
import { aCommit, owed } from './commits.ts'

// Found by trying 2^28 texts: two file ids, and two events whose deliveries to `hook`, share a key.
const files = ['fb4k5dc', 'f7k6pj3'] as const
const events = ['e45666499', 'e117333597'] as const
const [one, two] = [deliveryId(events[0], 'hook'), deliveryId(events[1], 'hook')]

let store: Store
const clock = new FakeClock()

beforeEach(async () => {
  const opened = await openSqliteStore({ path: join(tempDir(), 'db'), clock })
  onTestFinished(() => opened.close())
  store = opened
})

test('the ids of these tests share their keys, which databases hold', () => {
  expect(files.map(textKey)).toEqual([165_929_204_137_636, 165_929_204_137_636])
  expect(['a🎉b', 'in/ä/🎉🎊'].map(textKey)).toEqual([2_061_271_872_935_853, 3_503_141_689_340_367])
  expect(textKey(one)).toBe(textKey(two))
  expect(one).not.toBe(two)
})

test('a key is of the text as SQLite keeps it', () => {
  expect(textKey('f\uD800')).toBe(textKey('f\uFFFD'))
  expect(textKey('🎉')).not.toBe(textKey('🎊'))
})

test('files that share a key are kept apart', async () => {
  const [a, b] = files.map((fileId) => aState({ fileId, path: `in/${fileId}` })) as [FileState, FileState]
  const known = async () => [...(await store.files('default', files)).values()]
  await store.commit(aCommit({ states: [a] }))
  expect([...(await store.files('default', [b.fileId])).keys()]).toEqual([])
  await store.commit(aCommit({ forget: [{ trigger: 'default', fileId: b.fileId }] }))
  await store.commit(aCommit({ states: [b] }))
  const changed = { ...a, missedScans: 3 }
  await store.commit(aCommit({ states: [changed] }))
  expect(await known()).toEqual([changed, b])
  await store.commit(aCommit({ forget: [{ trigger: 'default', fileId: a.fileId }] }))
  expect(await known()).toEqual([b])
})

test('files that share a key are each on one page', async () => {
  const states = ['e', ...files, 'g'].map((fileId) => aState({ fileId }))
  await store.commit(aCommit({ states }))
  const found: string[] = []
  const next = () => store.pageFiles('default', ['uploading'], found.at(-1) ?? null, 1)
  for (let page = await next(); page.length > 0; page = await next()) found.push(...page.map(({ fileId }) => fileId))
  expect(found.toSorted()).toEqual(states.map(({ fileId }) => fileId).toSorted())
})

test("of files that share a key, only the same one gives way when a trigger takes another's name", async () => {
  await store.commit(aCommit({ states: [aState({ fileId: files[0] }), aState({ trigger: 'next', fileId: files[1] })] }))
  await store.renameTrigger('default', 'next')
  expect([...(await store.files('next', files)).keys()].toSorted()).toEqual(files.toSorted())
})

test('deliveries that share a key are kept apart', async () => {
  await store.commit(aCommit({ events: [owed(events[0])] }))
  expect(await store.delivery(two)).toBeNull()
  await store.commit(aCommit({ events: [owed(events[1]), owed(events[0])] }))
  expect((await store.deliveries({ limit: 9 })).map(({ id }) => id)).toEqual([one, two])
  expect((await store.deliveries({ limit: 9, after: one })).map(({ id }) => id)).toEqual([two])
  expect([(await store.delivery(one))?.event.id, (await store.delivery(two))?.event.id]).toEqual(events)
})

test('what becomes of one of two deliveries that share a key is not what becomes of the other', async () => {
  const job = { id: 'j', state: 'running', detail: '', seenAt: 0 } as const
  const states = async () => [(await store.delivery(one))?.state, (await store.delivery(two))?.state]
  await store.commit(aCommit({ events: [owed(events[0]), owed(events[1])] }))
  await store.settle([{ id: two, kind: 'delivered', at: 0, answer: null, job }])
  expect(await states()).toEqual(['owed', 'delivered'])
  await store.settle([{ id: one, kind: 'delivered', at: 0, answer: null, job }])
  await store.saveJobs([{ delivery: two, job: { ...job, state: 'succeeded' } }])
  expect([(await store.delivery(one))?.job?.state, (await store.delivery(two))?.job?.state]).toEqual([
    'running',
    'succeeded',
  ])
  expect(await store.replay([two], 0)).toBe(1)
  expect(await states()).toEqual(['delivered', 'owed'])
  expect(await store.replay([one], 0)).toBe(1)
  expect(await store.discard([two], 0)).toBe(1)
  expect(await states()).toEqual(['owed', 'discarded'])
  expect(await store.rerun([two], 0)).toEqual([deliveryId(events[1], 'hook', 1)])
})
