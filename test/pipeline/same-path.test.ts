import { expect, it } from 'vitest'
import { aTrigger } from '../support/builders.ts'
import { PipelineWorld } from '../support/pipeline-world.ts'

const seconds = (count: number) => count * 1_000

async function aWatch(): Promise<PipelineWorld> {
  const world = new PipelineWorld([aTrigger({ completion: { marker: '{name}.done' } })])
  await world.scan()
  return world
}

/** Listings alone, every ten seconds. */
async function poll(world: PipelineWorld, times: number): Promise<void> {
  for (let time = 0; time < times; time++) {
    await world.clock.advance(seconds(10))
    await world.scan()
  }
}

/** A file `file-1` that has fired because of its marker `marker-1`. */
async function aToldFile(): Promise<PipelineWorld> {
  const world = await aWatch()
  world.put('in/a.avi', { size: 10, mtime: 100 }, 'file-1')
  world.put('in/a.avi.done', { size: 0, mtime: 101 }, 'marker-1')
  await poll(world, 4)
  expect(await world.events()).toHaveLength(1)
  return world
}

it('heeds the marker that was put in the place of an older one', async () => {
  const world = await aToldFile()

  // Between two listings: the file is written anew, and so is its marker, as another file of the same name.
  world.put('in/a.avi', { size: 20, mtime: 200 }, 'file-1')
  world.real.delete('marker-1')
  world.put('in/a.avi.done', { size: 0, mtime: 201 }, 'marker-2')
  await poll(world, 6)

  expect(await world.events()).toHaveLength(2)
})

it('tells the file that was put in the place of an older one that its marker came', async () => {
  const world = await aToldFile()

  // Uploaded anew under a temporary name and renamed over the old one; then its marker, as another file too.
  world.real.delete('file-1')
  world.real.delete('marker-1')
  world.put('in/a.avi', { size: 20, mtime: 200 }, 'file-2')
  world.put('in/a.avi.done', { size: 0, mtime: 201 }, 'marker-2')
  await poll(world, 6)

  expect(await world.events()).toHaveLength(2)
})

it('tells it also where the marker comes with the next listing', async () => {
  const world = await aToldFile()

  world.real.delete('file-1')
  world.real.delete('marker-1')
  world.put('in/a.avi', { size: 20, mtime: 200 }, 'file-2')
  await poll(world, 1)
  world.put('in/a.avi.done', { size: 0, mtime: 201 }, 'marker-2')
  await poll(world, 6)

  expect(await world.events()).toHaveLength(2)
})

it('heeds a new marker where the old one was moved away, of which a stream of events tells nothing', async () => {
  const world = await aWatch()
  await world.seen('in/a.avi', { size: 10, mtime: 100 })
  await world.seen('in/a.avi.done', { size: 0, mtime: 101 }, 'marker-1')
  await world.clock.advance(seconds(30))
  expect(await world.events()).toHaveLength(1)

  world.real.delete('marker-1')
  await world.seen('in/a.avi', { size: 20, mtime: 200 })
  await world.seen('in/a.avi.done', { size: 0, mtime: 201 }, 'marker-2')
  for (let reconcile = 0; reconcile < 20; reconcile++) {
    await world.clock.advance(seconds(600))
    await world.scan()
  }

  const events = await world.events()
  expect(events).toHaveLength(2)
})
