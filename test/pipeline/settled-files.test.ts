import { describe, expect, it, test } from 'vitest'
import { SettledFiles } from '../../src/pipeline/settled-files.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { aFile, aState, aTrigger } from '../support/builders.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { faultyStore } from '../support/faulty-store.ts'
import { PipelineWorld } from '../support/pipeline-world.ts'

test('keeps what was pending until now, and follows it while it changes', () => {
  const files = new SettledFiles()
  const [pending, complete] = [aState({ phase: 'settling' }), aState({ phase: 'complete' })]
  files.put(complete, undefined)
  files.put(complete, complete)
  expect(files.get(complete.trigger, complete.fileId)).toBeUndefined()

  files.put(complete, pending)
  expect(files.get(complete.trigger, complete.fileId)).toBe(complete)
  expect(files.get('other', complete.fileId)).toBeUndefined()
  const gone = aState({ phase: 'gone' })
  files.put(gone, complete)
  expect(files.get(complete.trigger, complete.fileId)).toBe(gone)

  files.put(pending, gone)
  expect(files.get(complete.trigger, complete.fileId)).toBeUndefined()
})

test('keeps the latest 16,384 by when they were stored, and at the most 1,023 more', () => {
  const files = new SettledFiles()
  const put = (fileId: string) =>
    files.put(aState({ fileId, phase: 'complete' }), aState({ fileId, phase: 'settling' }))
  put('first')
  for (let early = 0; early < 1_023; early++) put(`early ${early}`)
  put('last to go')
  put('first')
  for (let other = 0; other < 16_383; other++) put(`other ${other}`)

  const { trigger } = aState()
  expect(['early 0', 'last to go', 'first', 'other 0'].map((id) => files.get(trigger, id)?.fileId)).toEqual([
    undefined,
    undefined,
    'first',
    'other 0',
  ])
})

test('forgets what is to be forgotten', () => {
  const files = new SettledFiles()
  const { trigger, fileId } = aState()
  files.put(aState({ phase: 'complete' }), aState({ phase: 'settling' }))
  files.drop(trigger, fileId)
  expect(files.get(trigger, fileId)).toBeUndefined()
})

describe('a file that has fired', () => {
  const fired = async () => {
    const clock = new FakeClock()
    const asked: string[] = []
    const store = faultyStore(createMemoryStore(clock), { before: (operation) => void asked.push(operation) })
    const world = new PipelineWorld([aTrigger()], clock, store)
    await world.scan()
    await world.seen('in/a', { size: 10, mtime: 100 })
    await world.clock.advance(21_000)
    expect(await world.events()).toHaveLength(1)
    asked.length = 0
    return { world, asked }
  }

  it('is not looked up when it is told of again, which is no news', async () => {
    const { world, asked } = await fired()
    await world.seen('in/a', { size: 10, mtime: 100 })
    await world.clock.advance(60_000)
    expect(asked).toEqual([])
    expect(await world.events()).toHaveLength(1)

    await world.restart()
    asked.length = 0
    await world.seen('in/a', { size: 10, mtime: 100 })
    expect(asked).toEqual(['files'])
  })

  it('fires again under the id it had, once it changed, was deleted and is back', async () => {
    const { world } = await fired()
    await world.seen('in/a', { size: 20, mtime: 200 })
    await world.clock.advance(21_000)
    await world.push([{ kind: 'gone', fileId: 'id-in/a', by: 'events' }])
    await world.seen('in/a', { size: 20, mtime: 200 })
    await world.clock.advance(60_000)

    expect((await world.events()).map(({ size }) => size)).toEqual([10, 20])
    expect(await world.store.files('default', ['id-in/a'])).toMatchObject(
      new Map([['id-in/a', { phase: 'complete', decided: [{ size: 10 }, { size: 20 }] }]]),
    )
  })

  it('is forgotten when it turns out to be no file', async () => {
    const { world, asked } = await fired()
    await world.push([{ kind: 'notAFile', fileId: 'id-in/a' }])
    asked.length = 0
    await world.push([aFile('in/a', { size: 10, mtime: 100 }, 'events', 'id-in/a')])
    expect(asked).toEqual(['files', 'commit'])
  })
})
