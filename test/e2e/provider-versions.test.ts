import { describe, expect, it } from 'vitest'
import { providerVersions } from '../../src/simulator/simulator.ts'
import { waitFor } from '../support/wait-for.ts'
import { aWorld } from '../support/world.ts'

const stableForMs = 1_000

describe.each(providerVersions)('a provider of %s', (version) => {
  it('gets a file that is uploaded in steps to the webhook once, and not before it was quiet', async () => {
    const world = await aWorld({ version })

    const oracle = await world.play('slow-writer')
    await waitFor('everything has come', () => world.verdict(oracle).lost.length === 0, 15_000)

    expect(world.verdict(oracle)).toMatchObject({ lost: [], early: [], doubled: [] })
    const finishedAt = Math.max(...oracle.finished.map((revision) => revision.finishedAt))
    expect(Math.max(...world.receiver.received.map(({ at }) => at)) - finishedAt).toBeGreaterThanOrEqual(
      stableForMs - 20,
    )
    expect(world.receiver.received.map(({ key }) => key)).toEqual(oracle.finished.map(({ path }) => `/Gamma/${path}`))
  })

  it('gets odd names to the webhook as they are', async () => {
    const world = await aWorld({ version })

    const oracle = await world.play('odd-names')
    await waitFor('everything has come', () => world.verdict(oracle).lost.length === 0, 15_000)

    expect(world.verdict(oracle)).toMatchObject({ lost: [], early: [], doubled: [] })
    expect(new Set(world.receiver.received.map(({ key }) => key))).toEqual(
      new Set(oracle.finished.map(({ path }) => `/Gamma/${path}`)),
    )
  })
})

describe.each(['events', 'changes', 'poll'] as const)('watching by %s', (via) => {
  it('finds files in directories made while it watches', async () => {
    const world = await aWorld({ version: '25.0', args: ['--via', via, '--reconcile-interval', '2s'] })
    const { model } = world.simulator
    model.mkdir('in/new/deep')

    const paths = ['in/new/a.txt', 'in/new/deep/b.txt']
    for (const path of paths) model.create(path, 'hello')
    await waitFor('both have come', () => world.receiver.received.length === 2, 15_000)

    expect(world.receiver.received.map(({ key }) => key).toSorted()).toEqual(paths.map((path) => `/Gamma/${path}`))
  })
})

describe('the life of the process', () => {
  it('fires what came while it was down, and what was fired before under the same id only, after kill -9', async () => {
    const world = await aWorld({ version: '25.0' })
    world.simulator.model.create('in/before.txt', 'hello')
    await waitFor('the first has come', () => world.receiver.received.length === 1)
    await world.process.kill('SIGKILL')
    world.simulator.model.create('in/meanwhile.txt', 'hello')

    world.start()
    const keys = () => world.receiver.received.map(({ key }) => key)
    await waitFor('the second has come', () => keys().includes('/Gamma/in/meanwhile.txt'))

    // Killed between the answer and its settlement, the first one comes again: with the id it had.
    expect(new Set(keys())).toEqual(new Set(['/Gamma/in/before.txt', '/Gamma/in/meanwhile.txt']))
    expect(new Set(world.receiver.received.map(({ id }) => id)).size).toBe(2)
  })

  it('ends with 0 on SIGTERM', async () => {
    const world = await aWorld({ version: '25.0' })

    expect(await world.process.kill('SIGTERM')).toBe(0)
  })

  it('refuses a second process on the same store, and says what to do', async () => {
    const world = await aWorld({ version: '25.0' })

    const second = world.start()

    expect(await second.ended).toBe(1)
    expect(second.stderr.join('\n')).toContain('--store')
  })
})
