import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { aFederation, aWebhook } from '../support/scene.ts'
import { tempDir } from '../support/temp-dir.ts'
import { waitFor } from '../support/wait-for.ts'
import { LambdaWorld } from './lambda-world.ts'

// A run takes a second of real time, and most tests make several.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const minuteMs = 60_000

it('by a zone, an idle run asks as little as by a host, and goes over to another provider when the best one is down', async () => {
  const { providers, zone } = await aFederation('25.0', '21.02.8')
  const [best, other] = providers
  if (best === undefined || other === undefined) throw new Error('two providers were started')
  best.model.mkdir('in')
  await waitFor('the other one has the folder too', () => other.model.stat('in') !== null)
  const token = join(tempDir(), 'token')
  writeFileSync(token, best.token)
  const world = await LambdaWorld.start({
    configuration: (receiver) => ({
      sources: { hub: { type: 'onedata', zone: zone.url, token: { file: token } } },
      triggers: { video: { watch: { source: 'hub', space: 'Gamma', folder: 'in' }, deliver: ['hook'] } },
      targets: { hook: aWebhook(receiver) },
    }),
  })
  const run = world.coldFunction()
  for (let runs = 0; runs < 2; runs++) {
    await world.run(run)
    world.pass(minuteMs)
  }

  expect(await world.run(run)).toMatchObject({ ok: true })
  world.pass(minuteMs)
  const idle = await world.run(run)
  await best.stop()
  other.model.create('in/a.mp4', 'x')
  for (let runs = 0; runs < 3; runs++) {
    world.pass(minuteMs)
    await world.run(run)
  }

  expect(idle.providerCalls).toBeLessThanOrEqual(3)
  expect(world.receiver.keys()).toEqual(['/Gamma/in/a.mp4'])
})
