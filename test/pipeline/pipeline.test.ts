import { describe, expect, it } from 'vitest'
import { createMemoryStore } from '../../src/store/memory.ts'
import { aFile, aTrigger } from '../support/builders.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { faultyStore } from '../support/faulty-store.ts'
import { PipelineWorld } from '../support/pipeline-world.ts'

async function aWatch(overrides: Parameters<typeof aTrigger>[0] = {}): Promise<PipelineWorld> {
  const world = new PipelineWorld([aTrigger(overrides)])
  await world.scan()
  return world
}

const seconds = (count: number) => count * 1_000

describe('the quiet period', () => {
  it('fires once, after the last change and a fresh read', async () => {
    const world = await aWatch()
    await world.seen('in/video.avi', { size: 10, mtime: 100 })
    await world.clock.advance(seconds(15))
    await world.seen('in/video.avi', { size: 20, mtime: 115 })
    await world.clock.advance(seconds(19.9))
    expect(await world.events()).toEqual([])

    await world.clock.advance(seconds(0.2))

    expect(await world.events()).toMatchObject([
      { path: 'in/video.avi', size: 20, mtime: 115, evidence: { rung: 'quiet' } },
    ])
    expect(world.reads).toHaveLength(1)
  })

  it('counts from when the news came, however long they waited for their turn', async () => {
    const world = await aWatch()
    await world.push([world.put('in/a', { size: 10, mtime: 100 })], { ats: [world.clock.now() - seconds(5)] })
    await world.clock.advance(seconds(14.9))
    expect(await world.events()).toEqual([])

    await world.clock.advance(seconds(0.2))

    expect(await world.events()).toHaveLength(1)
  })

  it('takes no news from the future', async () => {
    const world = await aWatch()
    await world.push([world.put('in/a', { size: 10, mtime: 100 })], { ats: [world.clock.now() + seconds(60)] })
    await world.clock.advance(seconds(20.1))
    expect(await world.events()).toHaveLength(1)
  })

  it('reads together what falls due while the source has no place for a read', async () => {
    const world = await aWatch()
    await world.seen('in/a', { size: 10, mtime: 100 })
    await world.clock.advance(10)
    await world.seen('in/b', { size: 10, mtime: 100 })
    const place = Promise.withResolvers<void>()
    world.placeGate = place.promise
    let together = 0
    world.answer = () => {
      together ||= world.reads.length
      return null
    }
    await world.clock.advance(seconds(20))
    expect(world.reads).toEqual([])

    place.resolve()
    await world.clock.advance(0)

    expect(together).toBe(2)
    expect(await world.events()).toHaveLength(2)
  })

  it('begins anew when the fresh read finds something else', async () => {
    const world = await aWatch()
    await world.seen('in/a', { size: 10, mtime: 100 })
    world.put('in/a', { size: 30, mtime: 120 })
    await world.clock.advance(seconds(21))
    expect(await world.events()).toEqual([])

    await world.clock.advance(seconds(21))

    expect(await world.events()).toMatchObject([{ size: 30, mtime: 120 }])
  })

  it('does not begin anew for an echo with the same size and mtime', async () => {
    const world = await aWatch()
    await world.seen('in/a', { size: 10, mtime: 100 })
    await world.clock.advance(seconds(15))
    await world.push([aFile('in/a', { mtime: 100 })])

    await world.clock.advance(seconds(5))

    expect(await world.events()).toHaveLength(1)
  })

  it('asks again when the file cannot be read, and fires in the end', async () => {
    const world = await aWatch()
    await world.seen('in/a', { size: 10, mtime: 100 })
    world.unreadable.add('id-in/a')
    await world.clock.advance(seconds(300))
    expect(await world.events()).toEqual([])
    expect(world.reads.length).toBeLessThan(20)
    world.unreadable.clear()

    await world.clock.advance(seconds(61))

    expect(await world.events()).toHaveLength(1)
  })
})

describe('a restart', () => {
  it('fires a file that was pending, not sooner than its quiet period', async () => {
    const world = await aWatch()
    await world.seen('in/a', { size: 10, mtime: 100 })
    await world.clock.advance(seconds(10))
    await world.restart()
    await world.clock.advance(seconds(9))
    expect(await world.events()).toEqual([])

    await world.clock.advance(seconds(2))

    expect(await world.events()).toHaveLength(1)
  })

  it('does not fire again what has fired', async () => {
    const world = await aWatch()
    await world.seen('in/a', { size: 10, mtime: 100 })
    await world.clock.advance(seconds(30))
    await world.restart()

    await world.scan()
    await world.clock.advance(seconds(60))

    expect(await world.events()).toHaveLength(1)
  })
})

describe('the baseline', () => {
  it('knows files from before, and fires what came since', async () => {
    const world = new PipelineWorld([aTrigger()])
    const now = world.clock.now() / 1_000
    world.put('in/old', { size: 1, mtime: now - 50, ctime: now - 50 })
    world.put('in/new', { size: 1, mtime: now, ctime: now })

    await world.scan()
    await world.clock.advance(seconds(30))

    expect((await world.events()).map((event) => event.path)).toEqual(['in/new'])
  })

  it('reaches back to the first try, whichever process made it', async () => {
    const world = new PipelineWorld([aTrigger()])
    await world.store.noteFirstTries(['default'], world.clock.now())
    world.put('in/old', { size: 1, mtime: 100, ctime: world.clock.now() / 1_000 - 1 })
    await world.clock.advance(seconds(60))
    world.put('in/meanwhile', { size: 1, mtime: 100, ctime: world.clock.now() / 1_000 - 30 })
    await world.restart()

    await world.scan()
    await world.clock.advance(seconds(30))

    expect((await world.events()).map((event) => event.path)).toEqual(['in/meanwhile'])
  })

  it('reaches back to the first try of this process, where the clock was ahead at the one before', async () => {
    const world = new PipelineWorld([aTrigger()])
    await world.store.noteFirstTries(['default'], world.clock.now() + seconds(3_600))
    await world.clock.advance(seconds(60))
    world.put('in/meanwhile', { size: 1, mtime: 100, ctime: world.clock.now() / 1_000 - 30 })

    await world.scan()
    await world.clock.advance(seconds(30))

    expect((await world.events()).map((event) => event.path)).toEqual(['in/meanwhile'])
  })

  it('keeps its cut when it is broken off, so that what came meanwhile fires', async () => {
    const world = new PipelineWorld([aTrigger()])
    await world.scan({ complete: false })
    await world.clock.advance(seconds(60))
    const later = world.clock.now() / 1_000
    world.put('in/meanwhile', { size: 1, mtime: later - 30, ctime: later - 30 })
    await world.restart()

    await world.scan()
    await world.clock.advance(seconds(30))

    expect((await world.events()).map((event) => event.path)).toEqual(['in/meanwhile'])
  })
})

describe('reconcile', () => {
  it('finds what no event told of', async () => {
    const world = await aWatch()
    world.put('in/missed', { size: 5, mtime: 100 })

    await world.scan()
    await world.clock.advance(seconds(21))

    expect(await world.events()).toHaveLength(1)
  })

  it('takes a file as gone when two complete listings lack it, and does not fire it again when it is back', async () => {
    const world = await aWatch()
    await world.seen('in/a', { size: 5, mtime: 100 })
    await world.clock.advance(seconds(30))
    const without = ['id-in/a']
    await world.scan({ without })
    await world.clock.advance(seconds(1))
    expect((await world.store.files('default', without)).get('id-in/a')?.phase).toBe('complete')
    await world.scan({ without })
    expect((await world.store.files('default', without)).get('id-in/a')?.phase).toBe('gone')

    await world.scan()
    await world.clock.advance(seconds(30))

    expect(await world.events()).toHaveLength(1)
    expect((await world.store.files('default', without)).get('id-in/a')?.phase).toBe('complete')
  })

  it('compares what is known with a listing, but not at the first one, which found it', async () => {
    const clock = new FakeClock()
    let pages = 0
    const store = faultyStore(createMemoryStore(clock), {
      before: (operation) => {
        if (operation === 'pageFiles') pages += 1
      },
    })
    const world = new PipelineWorld([aTrigger()], clock, store)
    for (let file = 0; file < 2_500; file++) world.put(`in/f${file}`, { size: 1, mtime: 100 })
    const pagesOf = async (scan: () => Promise<unknown>) => {
      const before = pages
      await scan()
      return pages - before
    }

    // What is pending, at the start, and whether anything is known.
    expect(await pagesOf(() => world.scan())).toBe(2)
    expect(await pagesOf(() => world.scan())).toBe(1 + 4)
  })

  it('takes nothing as gone that lies under a directory it could not read', async () => {
    const world = await aWatch()
    await world.seen('in/sub/a', { size: 5, mtime: 100 })
    await world.clock.advance(seconds(30))

    for (const _ of [1, 2, 3]) await world.scan({ without: ['id-in/sub/a'], unreadable: ['in/sub'] })

    expect((await world.store.files('default', ['id-in/sub/a'])).get('id-in/sub/a')?.phase).toBe('complete')
  })
})

describe('revisions', () => {
  it('fires each new content under a new id that names the one it supersedes', async () => {
    const world = await aWatch()
    await world.seen('in/a', { size: 5, mtime: 100 })
    await world.clock.advance(seconds(100))
    await world.seen('in/a', { size: 6, mtime: 200 })
    await world.clock.advance(seconds(30))

    const [first, second] = await world.events()

    expect(second).toMatchObject({ size: 6, supersedes: first?.id })
    expect(second?.id).not.toBe(first?.id)
  })

  it('counts a change soon after firing as premature', async () => {
    const world = await aWatch()
    await world.seen('in/a', { size: 5, mtime: 100 })
    await world.clock.advance(seconds(25))

    await world.seen('in/a', { size: 6, mtime: 125 })

    expect(world.premature).toEqual(['default'])
  })
})

describe('evidence', () => {
  it('waits for the marker, and fires shortly after it has come', async () => {
    const world = await aWatch({ completion: { marker: '{name}.done' } })
    await world.seen('in/a', { size: 5, mtime: 100 })
    await world.clock.advance(seconds(120))
    expect(await world.events()).toEqual([])

    await world.seen('in/a.done', { size: 0, mtime: 220 })
    await world.clock.advance(seconds(11))

    expect(await world.events()).toMatchObject([{ path: 'in/a', evidence: { rung: 'marker' } }])
    await world.clock.advance(seconds(2_000))
    expect(await world.events()).toHaveLength(1)
  })

  it('fires shortly after an old marker was written again, although the word of that lacks its name', async () => {
    const world = await aWatch({ completion: { marker: '{name}.done' } })
    await world.seen('in/a.done', { size: 0, mtime: 100 })
    await world.seen('in/a', { size: 1, mtime: 200 })
    await world.clock.advance(seconds(60))
    const touched = { ...world.put('in/a.done', { size: 0, mtime: 201 }), dir: null, name: null, facts: { mtime: 201 } }
    await world.push([touched])
    await world.clock.advance(seconds(11))

    expect(await world.events()).toMatchObject([{ path: 'in/a', evidence: { rung: 'marker' } }])
  })

  it('reports a file as stalled that never gets its marker, and fires it when the marker comes after all', async () => {
    const world = await aWatch({ completion: { marker: '{name}.done' }, deliverStalled: ['alarm'] })
    await world.seen('in/a', { size: 5, mtime: 100 })
    await world.clock.advance(seconds(901))
    expect(await world.events()).toMatchObject([{ kind: 'stalled', path: 'in/a' }])

    await world.seen('in/a.done', { size: 0, mtime: 2_000 })
    await world.clock.advance(seconds(11))

    expect((await world.events()).map((event) => event.kind)).toEqual(['stalled', 'complete'])
  })

  it('never fires a temporary name, and fires the final one shortly after the rename', async () => {
    const world = await aWatch({ include: ['*.avi'] })
    await world.seen('in/a.avi.part', { size: 5, mtime: 100 }, 'f1')
    await world.clock.advance(seconds(3_600))
    expect(await world.events()).toEqual([])

    await world.seen('in/a.avi', { size: 5, mtime: 100 }, 'f1')
    await world.clock.advance(seconds(11))

    expect(await world.events()).toMatchObject([{ path: 'in/a.avi', evidence: { rung: 'rename' } }])
  })

  it('does not fire a file with holes while they last, and asks who has the bytes in the end', async () => {
    const world = await aWatch({ deliverStalled: ['alarm'] })
    const holed = { size: 5, mtime: 100, localRate: 0.5, atOrigin: true }
    await world.seen('in/a', holed)
    await world.clock.advance(seconds(3_000))
    expect(await world.events()).toEqual([])

    world.put('in/a', { ...holed, heldElsewhere: true })
    await world.clock.advance(seconds(700))

    expect(await world.events()).toMatchObject([{ kind: 'complete', path: 'in/a' }])
    expect(world.reads.at(-1)).toMatchObject({ distribution: true })
  })

  it('holds empty files for the longer time, then fires them with size 0', async () => {
    const world = await aWatch()
    await world.seen('in/empty', { size: 0, mtime: 100 })
    await world.clock.advance(seconds(899))
    expect(await world.events()).toEqual([])

    await world.clock.advance(seconds(2))

    expect(await world.events()).toMatchObject([{ size: 0, evidence: { rung: 'empty' } }])
  })

  it('waits until the size is what the uploader declared', async () => {
    const world = await aWatch({ completion: { declaredSize: 'size' } })
    await world.seen('in/a', { size: 5, mtime: 100, ctime: 100, xattrs: { size: 10 } })
    await world.clock.advance(seconds(60))
    expect(await world.events()).toEqual([])

    await world.seen('in/a', { size: 10, mtime: 160, ctime: 160, xattrs: { size: 10 } })
    await world.clock.advance(seconds(11))

    expect(await world.events()).toMatchObject([{ size: 10, evidence: { rung: 'declared' } }])
  })
})
