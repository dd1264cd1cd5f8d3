// Directories that a stream of events cannot have: the provider refuses the whole stream for one of them (reference, 13.3, rules 7 to 9).
import { expect, it } from 'vitest'
import type { Simulator } from '../../../src/simulator/create-simulator.ts'
import { startSimulator } from '../../support/simulator.ts'
import { toldByStream } from '../../support/told-by-stream.ts'
import { waitFor } from '../../support/wait-for.ts'
import { WatchWorld } from '../../support/watch-world.ts'

/** Streams that were refused so far. */
function refused(simulator: Simulator): number {
  return simulator.requests.records.filter(({ method, status }) => method === 'POST' && status === 400).length
}

it('watches the others where one directory may not be entered', async () => {
  const simulator = await startSimulator()
  simulator.model.mkdir('in/private')
  simulator.model.mkdir('in/open')
  simulator.model.chmod('in/private', 0o000)
  simulator.model.create('in/open/a.txt', 'x')
  const world = await WatchWorld.start(simulator, { via: 'auto' })
  await waitFor('a stream is refused', () => refused(simulator) > 0)

  await toldByStream(simulator, world, 'in/open/a.txt')

  expect(world.watch.health().ok).toBe(true)
})

it('watches a directory again once it may be entered', async () => {
  const simulator = await startSimulator()
  simulator.model.mkdir('in/private')
  simulator.model.create('in/private/a.txt', 'x')
  simulator.model.chmod('in/private', 0o000)
  const world = await WatchWorld.start(simulator, { via: 'events' })
  await waitFor('a stream is refused', () => refused(simulator) > 0)
  await waitFor('another is open', () => simulator.faults.openStreams > 0)

  simulator.model.chmod('in/private', 0o775)
  world.watch.rescan('the reconcile')

  await toldByStream(simulator, world, 'in/private/a.txt')
})

it('goes on as it was where a watched directory was deleted', async () => {
  const simulator = await startSimulator()
  simulator.model.mkdir('in/job')
  simulator.model.create('in/one.txt', 'x')
  const world = await WatchWorld.start(simulator, { via: 'events' })
  await world.listed(2)
  await toldByStream(simulator, world, 'in/one.txt')

  simulator.model.remove('in/job')
  await toldByStream(simulator, world, 'in/one.txt')
  // As happens to a quiet one every five minutes.
  simulator.faults.cutStreams('clean')
  await waitFor('the next one is refused', () => refused(simulator) > 0)
  await toldByStream(simulator, world, 'in/one.txt')

  expect(world.watch.health()).toMatchObject({ ok: true })
  expect(world.opened).toEqual(['events true'])
})

it('is not put off by directories that are gone a moment after they came', async () => {
  const simulator = await startSimulator()
  simulator.model.mkdir('in')
  simulator.model.create('in/one.txt', 'x')
  const world = await WatchWorld.start(simulator, { via: 'auto' })
  await toldByStream(simulator, world, 'in/one.txt')
  for (const name of ['first', 'second']) {
    const before = refused(simulator)
    const told = world.observations.length
    simulator.model.mkdir(`in/${name}`)
    await waitFor('it is told of', () => world.observations.length > told)
    simulator.model.remove(`in/${name}`)
    await waitFor('a stream is refused for it', () => refused(simulator) > before)
  }

  await toldByStream(simulator, world, 'in/one.txt')

  expect(world.opened).toEqual(['events true'])
  expect(world.listings).toBe(1)
})
