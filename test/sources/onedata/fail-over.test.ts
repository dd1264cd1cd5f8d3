import { expect, it } from 'vitest'
import { aFederation } from '../../support/scene.ts'
import { waitFor } from '../../support/wait-for.ts'
import { WatchWorld } from '../../support/watch-world.ts'

it('goes over to another provider where the best one says who it is and answers nothing else', async () => {
  const { providers, zone } = await aFederation('25.0', '25.0')
  const [a, b] = providers
  if (a === undefined || b === undefined) throw new Error('two providers were started')
  const best = a.providerId < b.providerId ? a : b
  const other = best === a ? b : a
  best.model.mkdir('in')
  await waitFor('the other one has the folder too', () => other.model.stat('in') !== null)
  const world = await WatchWorld.start(best, { via: 'auto', options: { host: undefined, zone: zone.url } })
  await world.listed()
  best.faults.http({ kind: 'error', status: 503 }, { route: /\/(data|spaces|changes|lookup-file-id)/ })
  best.faults.cutStreams()
  other.model.create('in/meanwhile.txt', 'x')

  await waitFor(
    'it is seen',
    () => world.observations.some((each) => each.kind === 'file' && each.name === 'meanwhile.txt'),
    8_000,
  )
  expect(world.watch.health().ok).toBe(true)
}, 15_000)
