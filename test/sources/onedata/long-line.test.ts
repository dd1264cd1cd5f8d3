import { expect, it } from 'vitest'
import { startSimulator } from '../../support/simulator.ts'
import { toldByStream } from '../../support/told-by-stream.ts'
import { waitFor } from '../../support/wait-for.ts'
import { WatchWorld } from '../../support/watch-world.ts'

it('goes on behind a change that is too long to be read', async () => {
  const simulator = await startSimulator()
  simulator.model.mkdir('in')
  const world = await WatchWorld.start(simulator, { via: 'changes', xattrs: ['done'] })
  await world.listed()
  simulator.model.create('in/one.txt', 'x')
  await world.seen('in/one.txt')
  await waitFor('the cursor is told', () => world.cursor !== null)

  // Providers take values of any size.
  simulator.model.setXattr('in/one.txt', 'done', 'x'.repeat(2 * 1_048_576))
  await waitFor('it is noticed', () => world.gaps.length > 0)
  simulator.model.create('in/two.txt', 'x')

  await toldByStream(simulator, world, 'in/two.txt')

  expect(world.gaps).toHaveLength(1)
})
