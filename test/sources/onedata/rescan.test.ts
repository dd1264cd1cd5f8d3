import { expect, it } from 'vitest'
import { startSimulator } from '../../support/simulator.ts'
import { waitFor } from '../../support/wait-for.ts'
import { WatchWorld } from '../../support/watch-world.ts'

it('lists again for whoever asks while a listing of a poll is under way', async () => {
  const simulator = await startSimulator()
  simulator.model.mkdir('in')
  simulator.faults.http({ kind: 'latency', ms: 200 }, { route: /\/files/, count: 1 })
  const world = await WatchWorld.start(simulator, { via: 'poll', options: { pollInterval: '1h' } })
  await waitFor('it lists', () => world.batches.length > 0)
  world.watch.rescan('a person asks for it')

  await waitFor('it has listed twice', () => world.listings === 2, 2_000)
  expect(world.listings).toBe(2)
})
