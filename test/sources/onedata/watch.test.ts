import { describe, expect, it } from 'vitest'
import { createSystemClock } from '../../../src/lib/clock.ts'
import type { Simulator } from '../../../src/simulator/create-simulator.ts'
import { mostDirectories } from '../../../src/sources/onedata/watched-directories.ts'
import { sourceContract } from '../../contract/source.ts'
import { startSimulator } from '../../support/simulator.ts'
import { waitFor } from '../../support/wait-for.ts'
import { type WatchOptions, WatchWorld } from '../../support/watch-world.ts'

sourceContract('events', { via: 'events' })
sourceContract('changes', { via: 'changes' })
sourceContract('poll', { via: 'poll' })

const streams = ['events', 'changes'] as const

async function aWatch(
  options: WatchOptions = {},
  simulated: Parameters<typeof startSimulator>[0] = {},
): Promise<{ simulator: Simulator; world: WatchWorld }> {
  const simulator = await startSimulator(simulated)
  simulator.model.mkdir('in')
  const world = await WatchWorld.start(simulator, options)
  await world.listed()
  await waitFor('the stream is open', () => simulator.faults.openStreams > 0)
  return { simulator, world }
}

function streamRequests(simulator: Simulator) {
  return simulator.requests.records.filter(({ url }) => /\/(events\/files|changes\/metadata)/.test(url))
}

describe.each(streams)('a stream of %s', (via) => {
  it('that is cut goes on behind what was told, without another listing', async () => {
    // Nothing is held back, so that nothing is left to be told of the first file when the stream is cut.
    const { simulator, world } = await aWatch({ via }, { delays: { sizeFlushMs: 0, timesFlushMs: 0 } })
    simulator.model.create('in/one.txt', 'x')
    await world.seen('in/one.txt')
    // A file has several documents; when the next file is seen, all of those of the first have been told.
    simulator.model.create('in/next.txt', 'x')
    await world.seen('in/next.txt')
    await waitFor('the cursor is told', () => world.cursor !== null)
    const [listings, from] = [world.listings, world.observations.length]

    simulator.faults.cutStreams()
    simulator.model.create('in/two.txt', 'x')

    await world.seen('in/two.txt', from)
    expect(world.listings).toBe(listings)
    // Its times may be told late; its size was told once.
    const again = world.observations.slice(from).filter((each) => each.kind === 'file' && each.name === 'one.txt')
    expect(again.filter((each) => each.kind === 'file' && each.facts.size !== undefined)).toEqual([])
  })

  it('tells what it saw and how far that goes together, so that both cost one commit', async () => {
    const { simulator, world } = await aWatch({ via })
    simulator.model.create('in/one.txt', 'x')
    await world.seen('in/one.txt')

    const batch = world.batches.find(({ observations }) =>
      observations.some((each) => each.kind === 'file' && each.name === 'one.txt'),
    )
    expect(batch?.cursor?.via).toBe(via)
  })

  it('that is half-open is cut by the watchdog, and what came meanwhile is told', async () => {
    const { simulator, world } = await aWatch({ via, options: { watchdog: '300ms' } })
    simulator.model.create('in/one.txt', 'x')
    await world.seen('in/one.txt')

    simulator.faults.freezeStreams()
    simulator.model.create('in/two.txt', 'x')

    await world.seen('in/two.txt')
  })

  it('with a line of 100 MB is cut long before its end, and everything is listed anew', async () => {
    const { simulator, world } = await aWatch({ via })
    const before = process.memoryUsage().rss
    let most = 0
    const sending = simulator.faults.sendHugeLine(100 * 1_048_576)
    await waitFor('a gap is told', () => {
      most = Math.max(most, process.memoryUsage().rss - before)
      return world.gaps.some((reason) => reason.includes('too long'))
    })
    await sending
    expect(most).toBeLessThan(100 * 1_048_576)
    await world.listed(2)

    simulator.model.create('in/after.txt', 'x')
    await world.seen('in/after.txt')
  })

  it('that says what cannot be understood leads to a listing, and goes on', async () => {
    const { simulator, world } = await aWatch({ via })
    simulator.faults.events('undecodable', { count: 1 })
    simulator.model.create('in/spoiled.txt', 'x')

    await world.listed(2)
    await world.seen('in/spoiled.txt')
    expect(world.gaps).toHaveLength(1)
    expect(world.gaps[0]).toContain('could not be decoded')
    simulator.model.create('in/after.txt', 'x')
    await world.seen('in/after.txt')
  })

  it('is not resumed from the cursor of another provider, or of another way', async () => {
    const others = [
      { provider: 'another', via, value: '999999999' },
      { provider: '', via: via === 'events' ? 'changes' : 'events', value: '999999999' },
    ] as const
    for (const other of others) {
      const simulator = await startSimulator()
      simulator.model.mkdir('in')
      const cursor = other.provider === '' ? { ...other, provider: simulator.providerId } : other
      const world = await WatchWorld.start(simulator, { via, cursor })
      await world.listed()
      simulator.model.create('in/new.txt', 'x')
      await world.seen('in/new.txt')
      expect(streamRequests(simulator)[0]?.url).not.toContain('1000000000')
    }
  })

  it('of which events are dropped, doubled and reordered is made good by the next listing', async () => {
    const { simulator, world } = await aWatch({ via })
    for (const fault of ['drop', 'double', 'reorder'] as const) simulator.faults.events(fault, { probability: 0.4 })
    const names = Array.from({ length: 40 }, (_, index) => `in/${index}.txt`)
    for (const name of names) simulator.model.create(name, 'x')
    await waitFor('some are seen', () => world.observations.length > 5)

    world.watch.rescan('a test asks for it')

    for (const name of names) await world.seen(name)
  })

  it('that ends as soon as it is opened is not asked for without end', async () => {
    const { simulator, world } = await aWatch({ via })
    const clock = createSystemClock()
    const asked = streamRequests(simulator).length
    const began = clock.now()
    while (clock.now() - began < 2_000) {
      await waitFor('a stream is open', () => simulator.faults.openStreams > 0 || clock.now() - began >= 2_000)
      simulator.faults.cutStreams('clean')
    }
    expect(streamRequests(simulator).length - asked).toBeLessThan(8)
    simulator.model.create('in/after.txt', 'x')
    await world.seen('in/after.txt')
  })

  it('is closed when the watch ends, whatever it was about', async () => {
    const { simulator, world } = await aWatch({ via })
    simulator.faults.cutStreams()
    simulator.model.mkdir('in/more')
    simulator.model.create('in/more/file.txt', 'x')
    await world.seen('in/more/file.txt')
    await world.stop()
    await waitFor('no stream is open', () => simulator.faults.openStreams === 0)
    expect(world.opened).toEqual([`${via} true`, `${via} false`])
  })
})

describe('a stream of events', () => {
  it.each([
    ['once where it goes on behind an id', 1],
    ['twice where it has none', 2],
  ])('that finds directories at its start lists %s, and tells what came meanwhile', async (_, listings) => {
    const simulator = await startSimulator()
    simulator.model.mkdir('in/more')
    const before = await WatchWorld.start(simulator)
    await before.listed(2)
    simulator.model.create('in/more/before.txt', 'x')
    await before.seen('in/more/before.txt')
    await waitFor('the cursor is told', () => before.cursor !== null)
    await before.stop()
    simulator.model.create('in/more/down.txt', 'x')
    simulator.faults.http({ kind: 'latency', ms: 300 }, { route: /events\/files/, count: 2 })

    const world = await WatchWorld.start(simulator, { cursor: listings === 1 ? before.cursor : null })
    await world.listed()
    simulator.model.create('in/more/meanwhile.txt', 'x')
    await world.seen('in/more/meanwhile.txt')
    simulator.model.create('in/more/last.txt', 'x')
    await world.seen('in/more/last.txt')

    await world.seen('in/more/down.txt')
    expect(world.listings).toBe(listings)
    expect(world.gaps).toEqual([])
  })

  it('is opened wider for new directories before the narrow one is closed', async () => {
    const { simulator, world } = await aWatch()
    let least = simulator.faults.openStreams
    simulator.model.mkdir('in/more')
    simulator.model.create('in/more/file.txt', 'x')
    await waitFor('the wider stream is open', () => {
      least = Math.min(least, simulator.faults.openStreams)
      return streamRequests(simulator).length > 1
    })
    await world.seen('in/more/file.txt')
    expect(least).toBe(1)
    await waitFor('one stream is open', () => simulator.faults.openStreams === 1)
    expect(world.gaps).toEqual([])
  })

  it('that is opened wider under load leads to no listing, though much comes again', async () => {
    const { simulator, world } = await aWatch()
    simulator.faults.http({ kind: 'latency', ms: 500 }, { route: /events\/files/, count: 1 })
    simulator.model.mkdir('in/more')
    await waitFor('the wider stream is asked for', () => streamRequests(simulator).length > 1)

    for (let index = 0; index < 100; index++) simulator.model.create(`in/${index}.txt`, 'x')
    await world.seen('in/99.txt')
    simulator.model.create('in/more/listed.txt', 'x')
    await world.seen('in/more/listed.txt')
    simulator.model.create('in/more/told.txt', 'x')
    await world.seen('in/more/told.txt')

    expect(world.gaps).toEqual([])
  })

  it('leaves no stream behind when the listing of a new directory fails', async () => {
    const { simulator, world } = await aWatch()
    const id = simulator.model.mkdir('in/more')
    simulator.faults.http({ kind: 'error', status: 503 }, { route: new RegExp(`GET .*/data/${id}/`), count: 1 })
    simulator.model.create('in/more/file.txt', 'x')

    await world.seen('in/more/file.txt')
    await waitFor('one stream is open', () => simulator.faults.openStreams === 1)
    expect(simulator.faults.openStreams).toBe(1)
  })

  it('lists everything where a new directory cannot be listed', async () => {
    const { simulator, world } = await aWatch()
    const id = simulator.model.mkdir('in/more')
    simulator.model.create('in/more/early.txt', 'x')
    const works = simulator.faults.http({ kind: 'error', status: 503 }, { route: new RegExp(`GET .*/data/${id}/`) })
    await waitFor('a gap is suspected', () => world.gaps.length > 0)
    works()

    await world.seen('in/more/early.txt')
    expect(world.gaps).toEqual(['a new directory could not be listed'])
  })

  it('gives way to another where there are too many directories', async () => {
    const simulator = await startSimulator()
    for (let index = 0; index <= mostDirectories; index++) simulator.model.mkdir(`in/${index}`)
    const world = await WatchWorld.start(simulator, { via: 'auto' })

    await waitFor('it watches by changes', () => world.watch.health().detail.includes('changes'), 15_000)

    simulator.model.create(`in/${mostDirectories}/file.txt`, 'x')
    await world.seen(`in/${mostDirectories}/file.txt`)
  })
})

// The server of events holds back what lies below the id that it is given: there the reconcile repairs.
describe('a stream of changes', () => {
  it('of a provider that counts anew is believed after a while, with a listing for what was passed over', async () => {
    const { simulator, world } = await aWatch({ via: 'changes' })
    for (let index = 0; index < 60; index++) simulator.model.create(`in/before-${index}.txt`, 'x')
    await world.seen('in/before-59.txt')

    simulator.faults.resetSequence()
    for (let index = 0; index < 60; index++) simulator.model.create(`in/after-${index}.txt`, 'x')

    for (let index = 0; index < 60; index++) await world.seen(`in/after-${index}.txt`)
    simulator.model.create('in/last.txt', 'x')
    await world.seen('in/last.txt')
  })
})

describe('listing again and again', () => {
  it('asks for no more than the id of the folder and its pages', async () => {
    const simulator = await startSimulator()
    simulator.model.mkdir('in')
    const world = await WatchWorld.start(simulator, { via: 'poll' })
    await world.listed(2)
    simulator.requests.clear()
    const listings = world.listings

    await world.listed(listings + 5)

    const routes = new Set(
      [...simulator.requests.counts.keys()].map((route) => route.replace('/api/v3/oneprovider', '')),
    )
    expect(routes).toEqual(new Set(['POST /lookup-file-id/{path...}', 'GET /data/{id}/files']))
  })

  it('finds the root of a space once, for it never changes', async () => {
    const simulator = await startSimulator()
    const world = await WatchWorld.start(simulator, { via: 'poll', folders: [''] })
    await world.listed(2)
    simulator.requests.clear()
    const listings = world.listings

    await world.listed(listings + 5)

    expect([...simulator.requests.counts.keys()]).toEqual(['GET /api/v3/oneprovider/data/{id}/files'])
  })
})
