import { describe, expect, it } from 'vitest'
import { StoreError } from '../../src/core/errors.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { aTrigger } from '../support/builders.ts'
import { FakeClock, settled } from '../support/fake-clock.ts'
import { faultyStore } from '../support/faulty-store.ts'
import { PipelineWorld } from '../support/pipeline-world.ts'

const seconds = (count: number) => count * 1_000

/** A world whose store fails with `fault.error` while there is one. */
function aTroubledWorld(operations: readonly string[] = ['commit']) {
  const fault: { error: Error | null } = { error: null }
  const clock = new FakeClock()
  const store = faultyStore(createMemoryStore(clock), {
    before: (operation) => {
      if (fault.error !== null && operations.includes(operation)) throw fault.error
    },
  })
  return { fault, world: new PipelineWorld([aTrigger()], clock, store) }
}

const full = new StoreError('STORE_FULL', 'The disk is full; make room.')

describe('a store that fails for a while', () => {
  it('stops the intake, which is seen, and goes on where it was', async () => {
    const { fault, world } = aTroubledWorld()
    await world.scan()
    fault.error = full
    let taken = false
    const push = world.seen('in/a', { size: 1, mtime: 100 }).then(() => {
      taken = true
    })
    await world.clock.advance(seconds(120))
    expect(taken).toBe(false)
    expect(world.pipeline.health()).toMatchObject({ ok: false, detail: 'The disk is full; make room.' })

    fault.error = null
    await world.clock.advance(seconds(31))
    await push
    await world.clock.advance(seconds(21))

    expect(world.pipeline.health()).toMatchObject({ ok: true })
    expect(await world.events()).toHaveLength(1)
    expect(world.logged.filter(({ level }) => level === 'error')).toHaveLength(1)
  })

  it('delays a verdict, and neither loses nor doubles it', async () => {
    const { fault, world } = aTroubledWorld()
    await world.scan()
    await world.seen('in/a', { size: 1, mtime: 100 })
    fault.error = full
    await world.clock.advance(seconds(60))
    expect(world.owed).toEqual([])
    expect(world.reads).toHaveLength(1)

    fault.error = null
    await world.clock.advance(seconds(60))

    expect(await world.events()).toHaveLength(1)
    expect(world.owed).toEqual(['webhook'])
  })

  it('is waited for when it cannot be read either', async () => {
    const { fault, world } = aTroubledWorld(['files', 'filesByPath', 'pageFiles', 'baseline'])
    fault.error = full
    const scan = world.scan().catch(() => {})
    await world.restart()
    await scan
    fault.error = null
    await world.clock.advance(seconds(31))

    await world.scan()
    await world.seen('in/a', { size: 1, mtime: 100 })
    await world.clock.advance(seconds(21))

    expect(await world.events()).toHaveLength(1)
  })

  it('does not move the cut of a first listing that it holds up', async () => {
    const { fault, world } = aTroubledWorld(['pageFiles'])
    await settled()
    fault.error = full
    const serverTimeMs = world.clock.wall()
    const begun = world.push([], { scan: 1, mark: { kind: 'begin', scan: 1, serverTimeMs } })
    await world.clock.advance(seconds(60))
    fault.error = null
    await world.clock.advance(seconds(31))
    await begun

    expect((await world.store.baseline('default'))?.cutMs).toBe(Math.floor(serverTimeMs / 1_000) * 1_000)
  })
})

describe('a store that cannot be waited for', () => {
  it.each(['STORE_FENCED', 'STORE_CORRUPT'] as const)('ends the run with %s, and the push with it', async (code) => {
    const { fault, world } = aTroubledWorld()
    await world.scan()
    fault.error = new StoreError(code, 'No more.')

    await expect(world.seen('in/a', { size: 1, mtime: 100 })).rejects.toMatchObject({ code })

    await expect(world.running).rejects.toMatchObject({ code })
    await expect(world.seen('in/b', { size: 1, mtime: 100 })).rejects.toThrow()
  })

  it('ends the run also when nothing is pushed', async () => {
    const { fault, world } = aTroubledWorld()
    await world.scan()
    await world.seen('in/a', { size: 1, mtime: 100 })
    fault.error = new StoreError('STORE_FENCED', 'No more.')

    await world.clock.advance(seconds(20))

    await expect(world.running).rejects.toMatchObject({ code: 'STORE_FENCED' })
  })

  it('refuses what is written under an old epoch', async () => {
    const clock = new FakeClock()
    const store = createMemoryStore(clock)
    await store.lease('watch/onedata/space1', 'somebody', 10)
    await clock.advance(20)
    await store.lease('watch/onedata/space1', 'somebody else', 1_000_000)
    const world = new PipelineWorld([aTrigger()], clock, store)

    await expect(world.scan()).rejects.toMatchObject({ code: 'STORE_FENCED' })
  })
})

describe('the end of a run', () => {
  it('leaves pending files in the store, and takes nothing more', async () => {
    const world = new PipelineWorld([aTrigger()])
    await world.scan()
    await world.seen('in/a', { size: 1, mtime: 100 })

    await world.stop()
    await world.clock.advance(seconds(60))

    await expect(world.running).resolves.toBeUndefined()
    await expect(world.seen('in/b', { size: 1, mtime: 100 })).rejects.toThrow()
    expect(world.reads).toEqual([])
    expect(await world.store.pageFiles('default', ['uploading'], null, 10)).toHaveLength(1)
  })

  it('is also that of a source with a defect', async () => {
    const world = new PipelineWorld([aTrigger()])
    await world.scan()
    world.answer = () => {
      throw new Error('the source has a defect')
    }
    await world.seen('in/a', { size: 1, mtime: 100 })

    await world.clock.advance(seconds(20))
    await settled()

    await expect(world.running).rejects.toThrow('the source has a defect')
  })
})
