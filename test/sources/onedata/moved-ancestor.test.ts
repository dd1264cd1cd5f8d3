import { expect, it } from 'vitest'
import { startSimulator } from '../../support/simulator.ts'
import { toldByStream } from '../../support/told-by-stream.ts'
import { waitFor } from '../../support/wait-for.ts'
import { WatchWorld } from '../../support/watch-world.ts'

it('lists anew when a directory above the folder is moved', async () => {
  const simulator = await startSimulator()
  simulator.model.mkdir('data/in')
  simulator.model.mkdir('next/in')
  simulator.model.create('next/in/a.txt', 'x')
  const world = await WatchWorld.start(simulator, { via: 'changes', folders: ['data/in'] })
  await world.listed()
  await waitFor('the stream is open', () => simulator.faults.openStreams > 0)
  simulator.model.move('data', 'before')
  simulator.model.move('next', 'data')
  simulator.model.create('other.txt', 'x')
  await world.seen('data/in/a.txt')
})

it('lists nothing for directories that go elsewhere in the space', async () => {
  const simulator = await startSimulator()
  simulator.model.mkdir('in')
  simulator.model.mkdir('elsewhere')
  const world = await WatchWorld.start(simulator, { via: 'changes' })
  await world.listed()
  await waitFor('the stream is open', () => simulator.faults.openStreams > 0)
  simulator.model.mkdir('elsewhere/job')
  await waitFor('told', () => world.observations.length > 0)
  simulator.model.remove('elsewhere/job')
  // The stream keeps the order, and tells of deletions last.
  simulator.model.create('in/a.txt', 'x')
  for (let look = 0; look < 3; look++) await toldByStream(simulator, world, 'in/a.txt')

  expect(world.gaps).toEqual([])
})
