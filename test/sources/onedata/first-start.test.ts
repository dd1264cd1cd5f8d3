import { expect, it } from 'vitest'
import { startSimulator } from '../../support/simulator.ts'
import { waitFor } from '../../support/wait-for.ts'
import { WatchWorld } from '../../support/watch-world.ts'

it('begins to watch although directories come all the time', async () => {
  const simulator = await startSimulator()
  simulator.model.mkdir('in')
  simulator.model.mkdir('in/first')
  const fileId = simulator.model.create('in/first/a.txt', 'x')
  const world = await WatchWorld.start(simulator, { via: 'events' })
  let count = 0

  await waitFor('a stream tells of a file', () => {
    count += 1
    simulator.model.mkdir(`in/${count}`)
    simulator.model.setTimes('in/first/a.txt', { mtime: 2_000_000_000 + count })
    return world.observations.some((each) => each.kind === 'file' && each.by === 'events' && each.fileId === fileId)
  })

  expect(world.listings).toBeLessThan(5)
})
