import { describe, expect, it, vi } from 'vitest'
import { LambdaWorld } from './lambda-world.ts'

// A run takes a second of real time, and most tests make several.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const minuteMs = 60_000

describe('an idle run', () => {
  const changes = 'POST /api/v3/oneprovider/changes/metadata/{sid}'

  /** A world whose three files have all fired. */
  async function anIdleWorld() {
    const world = await LambdaWorld.start()
    const run = world.coldFunction()
    for (let name = 1; name <= 3; name++) world.simulator.model.create(`in/old-${name}.mp4`, 'x')
    await world.run(run)
    world.pass(minuteMs)
    expect(await world.run(run)).toMatchObject({ delivered: 3 })
    world.pass(minuteMs)
    return { world, run }
  }

  it('of a warm process asks the provider once, and lists nothing', async () => {
    const { world, run } = await anIdleWorld()
    world.simulator.requests.clear()

    const summary = await world.run(run)

    expect([...world.simulator.requests.counts]).toEqual([[changes, 1]])
    expect(summary).toMatchObject({ providerCalls: 1, ended: 'quiet' })
  })

  it('lists everything every ten minutes, with three requests', async () => {
    const { world, run } = await anIdleWorld()
    world.pass(10 * minuteMs)
    world.simulator.requests.clear()

    await world.run(run)

    expect(world.simulator.requests.counts.get('GET /api/v3/oneprovider/data/{id}/files')).toBe(1)
    expect(world.simulator.requests.total).toBeLessThanOrEqual(3)
  })

  it('of a cold process takes five: who it is, which space, the stream, and one listing', async () => {
    const { world } = await anIdleWorld()
    world.simulator.requests.clear()

    expect(await world.run(world.coldFunction())).toMatchObject({ providerCalls: 5 })
    expect(world.simulator.requests.total).toBe(5)
  })

  it('lists with at most three requests where the token may not read changes', async () => {
    const { world, run } = await anIdleWorld()
    world.simulator.tokens.regrant(world.simulator.token, { changesStream: false })
    await world.run(run)
    world.pass(minuteMs)
    world.simulator.requests.clear()

    const summary = await world.run(run)

    expect(summary).toMatchObject({ ok: true, ended: 'quiet' })
    expect(world.simulator.requests.total).toBeLessThanOrEqual(3)
    expect([...world.simulator.requests.counts]).toContainEqual(['GET /api/v3/oneprovider/data/{id}/files', 1])
    expect(world.simulator.requests.counts.has(changes)).toBe(false)
  })
})
