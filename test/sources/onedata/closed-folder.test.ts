import { expect, it } from 'vitest'
import { startSimulator } from '../../support/simulator.ts'
import { waitFor } from '../../support/wait-for.ts'
import { WatchWorld } from '../../support/watch-world.ts'

// Two triggers on one space share a watch: what one of them may not see is no reason to tell the other nothing.
it.each([
  ['poll', 'secret/in'],
  ['changes', 'secret/in'],
  ['events', 'secret/in'],
  ['poll', 'secret'],
  ['changes', 'secret'],
  ['events', 'secret'],
] as const)('watches the other folder by %s where `%s` may not be read', async (via, closed) => {
  const simulator = await startSimulator()
  simulator.model.mkdir('in')
  simulator.model.mkdir('secret/in')
  simulator.model.chmod('secret', 0o000)
  const world = await WatchWorld.start(simulator, { via, folders: ['in', closed] })

  await waitFor('it has listed', () => world.listings > 0)
  simulator.model.create('in/a.txt', 'x')
  await world.seen('in/a.txt')
  expect(world.watch.health().ok).toBe(true)
})
