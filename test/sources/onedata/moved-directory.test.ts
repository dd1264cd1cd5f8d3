import { expect, it } from 'vitest'
import { startSimulator } from '../../support/simulator.ts'
import { waitFor } from '../../support/wait-for.ts'
import { WatchWorld } from '../../support/watch-world.ts'

it('tells of a file under the directory that a listing has just found it in, also while that goes on', async () => {
  const simulator = await startSimulator()
  simulator.model.mkdir('in/upload')
  const file = simulator.model.create('in/upload/file.txt', 'x')
  const other = simulator.model.mkdir('other')
  const world = await WatchWorld.start(simulator, { via: 'events', folders: ['in', 'other'] })
  await world.listed(2)
  const from = world.observations.length
  // The listing of the rest takes its time, as that of a large tree does.
  simulator.faults.http({ kind: 'latency', ms: 500 }, { route: new RegExp(`GET .*/data/${other}/`), count: 1 })

  simulator.model.move('in/upload', 'in/final')
  await world.seen('in/final/file.txt', from)
  // What a provider tells of an upload up to 8 s after its end.
  const late = world.observations.length
  simulator.model.setTimes('in/final/file.txt', { mtime: 2_000_000_000 })
  const told = await waitFor('its times are told', () =>
    world.observations.slice(late).find((each) => each.kind === 'file' && each.fileId === file && each.by === 'events'),
  )

  expect(told).toMatchObject({ dir: 'in/final' })
})
