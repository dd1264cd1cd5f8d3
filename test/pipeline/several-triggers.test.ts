import { describe, expect, it } from 'vitest'
import { createMemoryStore } from '../../src/store/memory.ts'
import { aFile, aTrigger } from '../support/builders.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { faultyStore } from '../support/faulty-store.ts'
import { PipelineWorld } from '../support/pipeline-world.ts'

const seconds = (count: number) => count * 1_000

describe('two triggers on one watch', () => {
  it('decide each for itself, and share what both need to read', async () => {
    const quick = aTrigger({ name: 'quick', completion: { stableForMs: 5_000 }, deliver: ['a'] })
    const videos = aTrigger({ name: 'videos', include: ['*.avi'], deliver: ['a', 'b'] })
    const world = new PipelineWorld([quick, videos])
    await world.scan()
    await world.seen('in/a.avi', { size: 1, mtime: 100 })
    await world.seen('in/a.txt', { size: 1, mtime: 100 })

    await world.clock.advance(seconds(6))
    expect((await world.events()).map(({ trigger, path }) => [trigger, path])).toEqual([
      ['quick', 'in/a.avi'],
      ['quick', 'in/a.txt'],
    ])
    await world.clock.advance(seconds(20))

    const events = await world.events()
    expect(events.filter((event) => event.trigger === 'videos').map((event) => event.path)).toEqual([
      'in/a.avi',
      'in/a.avi',
    ])
    expect(new Set(events.map((event) => event.id)).size).toBe(3)
    expect(world.owed).toEqual(['a', 'a', 'b'])
    expect(await world.store.files('videos', ['id-in/a.txt'])).toEqual(new Map())
  })

  it('ask once when they were first tried', async () => {
    const clock = new FakeClock()
    const calls: string[] = []
    const store = faultyStore(createMemoryStore(clock), { before: (operation) => void calls.push(operation) })
    await store.noteFirstTries(['a'], clock.now())
    await clock.advance(seconds(60))
    calls.length = 0
    const world = new PipelineWorld([aTrigger({ name: 'a' }), aTrigger({ name: 'b' })], clock, store)
    world.put('in/meanwhile', { size: 1, mtime: 100, ctime: clock.now() / 1_000 - 30 })

    await world.scan()
    await clock.advance(seconds(30))

    expect((await world.events()).map(({ trigger }) => trigger)).toEqual(['a'])
    expect(calls.filter((operation) => operation === 'noteFirstTries')).toHaveLength(1)
  })

  it('with the same quiet period ask once', async () => {
    const world = new PipelineWorld([aTrigger({ name: 'a' }), aTrigger({ name: 'b' })])
    await world.scan()
    await world.seen('in/x', { size: 1, mtime: 100 })

    await world.clock.advance(seconds(20))

    expect(world.reads).toHaveLength(1)
    expect(await world.events()).toHaveLength(2)
  })

  it('have baselines of their own: a trigger that is added later knows what is there by then', async () => {
    const world = new PipelineWorld([aTrigger({ name: 'first', existing: { kind: 'fire' } })])
    const before = world.clock.now() / 1_000 - 50
    world.put('in/old', { size: 1, mtime: before, ctime: before })
    await world.scan()
    await world.clock.advance(seconds(60))
    const both = new PipelineWorld(
      [aTrigger({ name: 'first', existing: { kind: 'fire' } }), aTrigger({ name: 'second' })],
      world.clock,
      world.store,
    )
    await world.stop()
    for (const [id, file] of world.real) both.real.set(id, file)

    await both.scan()
    await both.clock.advance(seconds(60))

    expect((await both.events()).map((event) => event.trigger)).toEqual(['first'])
    expect((await both.store.files('second', ['id-in/old'])).get('id-in/old')?.evidence?.rung).toBe('baseline')
  })

  it('each lose a file that leaves their folder, and gain one that enters', async () => {
    const world = new PipelineWorld([aTrigger({ name: 'a', folder: 'a' }), aTrigger({ name: 'b', folder: 'b' })])
    await world.scan()
    await world.seen('a/x', { size: 1, mtime: 100 }, 'x')
    await world.clock.advance(seconds(21))

    await world.push([aFile('b/x', { size: 1, mtime: 100 }, 'events', 'x')])
    world.put('b/x', { size: 1, mtime: 100 }, 'x')
    await world.clock.advance(seconds(21))

    expect((await world.events()).map(({ trigger, path }) => [trigger, path])).toEqual([
      ['a', 'a/x'],
      ['b', 'b/x'],
    ])
    expect((await world.store.files('a', ['x'])).get('x')).toMatchObject({ phase: 'gone', path: 'b/x' })
    await world.seen('a/x', { size: 1, mtime: 100 }, 'x')
    await world.clock.advance(seconds(60))
    expect(await world.events()).toHaveLength(2)
  })
})
