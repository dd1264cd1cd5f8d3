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

it('keeps over a restart which directories no listing has read', async () => {
  const world = new PipelineWorld([aTrigger()])
  await world.scan({ unreadable: ['in/private'] })
  await world.clock.advance(600_000)
  await world.restart()
  world.put('in/private/a.avi', { size: 2, mtime: old, ctime: old })
  world.put('in/batch/a.avi', { size: 2, mtime: old, ctime: old })
  await world.scan()
  await world.clock.advance(600_000)
  expect(await world.events()).toMatchObject([{ path: 'in/batch/a.avi' }])
})

it('takes what comes to a directory that was read once for new, though it cannot be read for a while', async () => {
  const world = new PipelineWorld([aTrigger()])
  await world.scan({ unreadable: ['in/private'] })
  await world.scan({ unreadable: ['in/private', 'in/other'] })
  world.put('in/other/a.avi', { size: 2, mtime: old, ctime: old })
  world.put('in/private/a.avi', { size: 2, mtime: old, ctime: old })
  await world.scan({ unreadable: ['in/private/deep'] })
  await world.clock.advance(600_000)
  world.put('in/private/b.avi', { size: 2, mtime: old, ctime: old })
  world.put('in/private/deep/a.avi', { size: 2, mtime: old, ctime: old })
  await world.scan()
  await world.clock.advance(600_000)
  expect((await world.events()).map(({ path }) => path)).toEqual(['in/other/a.avi', 'in/private/b.avi'])
})

it('keeps the directories above where those that no listing has read are more than a store takes', async () => {
  const world = new PipelineWorld([aTrigger()])
  const unreadable = Array.from({ length: 20_000 }, (_, index) => `in/users/${index}/private`)
  await world.scan({ unreadable })
  const { unlisted = [] } = (await world.store.baseline('default')) ?? {}
  expect(unlisted).toEqual(['in/users'])
  await world.restart()
  world.put('in/users/7/private/a.avi', { size: 2, mtime: old, ctime: old })
  world.put('in/batch/a.avi', { size: 2, mtime: old, ctime: old })
  await world.scan()
  await world.clock.advance(600_000)
  expect(await world.events()).toMatchObject([{ path: 'in/batch/a.avi' }])
})

it('knows a file that could not be looked at itself when its directory was listed', async () => {
  const world = new PipelineWorld([aTrigger()])
  world.put('in/a.avi', { size: 2, mtime: old, ctime: old })
  await world.scan({ unreadable: ['in/a.avi'], without: ['id-in/a.avi'] })
  await world.clock.advance(600_000)
  await world.scan()
  await world.clock.advance(600_000)
  expect(await world.events()).toEqual([])
})
