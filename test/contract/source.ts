import { describe, expect, test } from 'vitest'
import { createSystemClock } from '../../src/lib/clock.ts'
import type { Simulator } from '../../src/simulator/create-simulator.ts'
import { startSimulator } from '../support/simulator.ts'
import { waitFor } from '../support/wait-for.ts'
import { type WatchOptions, WatchWorld } from '../support/watch-world.ts'

/** What every way of watching must do. */
export function sourceContract(name: string, options: WatchOptions): void {
  describe(`watching by ${name}`, () => {
    const start = (simulator: Simulator, more: WatchOptions = {}) =>
      WatchWorld.start(simulator, { ...options, ...more })

    const aSpace = async () => {
      const simulator = await startSimulator()
      simulator.model.mkdir('in')
      return simulator
    }

    test('tells of what is there, of what comes, of what changes, and of what goes', async () => {
      const simulator = await aSpace()
      simulator.model.create('in/before.txt', 'x')
      const world = await start(simulator)
      expect(await world.seen('in/before.txt')).toMatchObject({ size: 1 })

      const id = simulator.model.create('in/new.txt', 'x')
      await world.seen('in/new.txt')
      const from = world.observations.length
      simulator.model.write('in/new.txt', 'yz')
      await waitFor('the change is seen', () =>
        world.observations
          .slice(from)
          .some((each) => each.kind === 'file' && each.fileId === id && each.facts.size === 3),
      )
      const listings = world.listings
      simulator.model.remove('in/new.txt')
      await waitFor('the deletion shows', () => {
        const told = world.observations.some((each) => each.kind === 'gone' && each.fileId === id)
        // A listing tells a deletion by what it lacks.
        return told || (options.via === 'poll' && world.listings > listings + 1)
      })
    })

    test('finds files in directories that come while it watches, however deep', async () => {
      const simulator = await aSpace()
      const world = await start(simulator)
      await world.listed()

      simulator.model.mkdir('in/a/b/c')
      simulator.model.create('in/a/b/c/deep.txt', 'x')
      simulator.model.create('in/a/shallow.txt', 'x')

      await world.seen('in/a/b/c/deep.txt')
      await world.seen('in/a/shallow.txt')
      simulator.model.create('in/a/b/c/later.txt', 'x')
      await world.seen('in/a/b/c/later.txt')
    })

    test('waits for a folder that comes later, and tells nothing of the rest of the space', async () => {
      const simulator = await startSimulator()
      simulator.model.mkdir('other')
      simulator.model.create('other/file.txt', 'x')
      const world = await start(simulator)
      await waitFor('it looked', () => simulator.requests.total > 3)

      simulator.model.mkdir('in')
      simulator.model.create('in/first.txt', 'x')

      await world.seen('in/first.txt')
      // A stream of the whole space tells of other folders too, for a file may have left ours; nobody takes such a file for one of ours.
      const strangers = world.observations.filter((each) => each.kind === 'file' && each.name === 'file.txt')
      expect(strangers.every((each) => each.kind === 'file' && each.dir === 'other')).toBe(true)
      if (options.via !== 'changes') expect(strangers).toEqual([])
    })

    test('goes on from its cursor after a stop: what came meanwhile is told', async () => {
      const simulator = await aSpace()
      const first = await start(simulator)
      simulator.model.create('in/one.txt', 'x')
      await first.seen('in/one.txt')
      await first.stop()
      simulator.model.create('in/two.txt', 'x')

      const second = await start(simulator, { cursor: first.cursor })

      await second.seen('in/two.txt')
    })

    test('survives a provider that fails for a while, and tells what came meanwhile', async () => {
      const simulator = await aSpace()
      const world = await start(simulator)
      await world.listed()
      const repair = simulator.faults.http({ kind: 'error', status: 503 })
      simulator.faults.cutStreams()
      await waitFor('it is not well', () => !world.watch.health().ok)
      expect(world.watch.health().detail).toContain('503')
      simulator.model.create('in/meanwhile.txt', 'x')

      repair()

      await world.seen('in/meanwhile.txt')
      await waitFor('it is well', () => world.watch.health().ok)
    })

    test('survives a token that is refused for a while', async () => {
      const simulator = await aSpace()
      const world = await start(simulator)
      await world.listed()
      const repair = simulator.faults.http({ kind: 'error', status: 401 })
      simulator.faults.cutStreams()
      await waitFor('it is not well', () => !world.watch.health().ok)
      simulator.model.create('in/meanwhile.txt', 'x')

      repair()

      await world.seen('in/meanwhile.txt')
    })

    test.each(['watching', 'failing', 'hanging', 'waiting for the folder'])(
      'ends within a second while %s',
      async (state) => {
        const simulator = await startSimulator()
        if (state !== 'waiting for the folder') simulator.model.mkdir('in')
        const world = await start(simulator)
        if (state === 'waiting for the folder') await waitFor('it looked', () => simulator.requests.total > 5)
        else await world.listed()
        if (state === 'failing') simulator.faults.http({ kind: 'error', status: 401 })
        if (state === 'hanging') simulator.faults.http({ kind: 'hang' })
        if (state === 'failing' || state === 'hanging') {
          const asked = simulator.requests.total
          simulator.faults.cutStreams()
          await waitFor('it asks', () => simulator.requests.total > asked)
        }
        const clock = createSystemClock()
        const began = clock.now()

        await world.stop()

        expect(clock.now() - began).toBeLessThan(1_000)
      },
    )
  })
}
