import { expect, it } from 'vitest'
import { aTrigger } from '../support/builders.ts'
import { PipelineWorld } from '../support/pipeline-world.ts'

const old = 1_700_000_000

it('fires files of old that are moved in after the first listing, though one directory was never read', async () => {
  const world = new PipelineWorld([aTrigger()])
  world.put('in/there.avi', { size: 1, mtime: old, ctime: old })
  await world.scan({ unreadable: ['in/private'] })
  await world.clock.advance(3_600_000)
  // `mv out/batch in/`: what lies in the directory keeps its times.
  world.put('in/batch/a.avi', { size: 2, mtime: old, ctime: old })
  for (let reconcile = 0; reconcile < 3; reconcile++) {
    await world.scan({ unreadable: ['in/private'] })
    await world.clock.advance(600_000)
  }
  expect(await world.events()).toMatchObject([{ path: 'in/batch/a.avi' }])
})

it('still knows the files of a directory that is read for the first time later', async () => {
  const world = new PipelineWorld([aTrigger()])
  await world.scan({ unreadable: ['in/private'] })
  await world.clock.advance(600_000)
  world.put('in/private/a.avi', { size: 2, mtime: old, ctime: old })
  await world.scan()
  await world.clock.advance(600_000)
  expect(await world.events()).toEqual([])
})
