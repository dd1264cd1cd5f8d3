import { describe, expect, it } from 'vitest'
import { FakeClock } from '../support/fake-clock.ts'
import { startSimulator } from '../support/simulator.ts'
import { waitFor } from '../support/wait-for.ts'
import { openEvents, rest } from './wire.ts'

describe('faults of requests', () => {
  it.each([
    [401, 'unauthorized'],
    [403, 'forbidden'],
    [500, 'internalServerError'],
    [503, 'serviceUnavailable'],
  ] as const)('an error %i, as often as it was told', async (status, id) => {
    const simulator = await startSimulator()
    simulator.faults.http({ kind: 'error', status }, { route: /^GET .*\/spaces/, count: 1 })
    const ask = rest(simulator)

    expect((await ask('GET', '/configuration')).status).toBe(200)
    expect(await ask('GET', '/spaces')).toMatchObject({ status, json: { error: { id } } })
    expect((await ask('GET', '/spaces')).status).toBe(200)
  })

  it('HTML where JSON was due', async () => {
    const simulator = await startSimulator()
    const end = simulator.faults.http({ kind: 'html', status: 200 })

    const reply = await rest(simulator)('GET', '/spaces')
    end()

    expect(reply).toMatchObject({ status: 200, json: undefined, headers: { 'content-type': 'text/html' } })
    expect((await rest(simulator)('GET', '/spaces')).json).toBeDefined()
  })

  it('a reset', async () => {
    const simulator = await startSimulator()
    simulator.faults.http({ kind: 'reset' }, { count: 1 })

    await expect(rest(simulator)('GET', '/spaces')).rejects.toThrow(/ECONNRESET|hang up/)
  })

  it('an answer that comes late, and one that never comes', async () => {
    const clock = new FakeClock()
    const simulator = await startSimulator({ clock })
    simulator.faults.http({ kind: 'latency', ms: 5_000 }, { count: 1 })
    let answered = false
    const late = rest(simulator)('GET', '/spaces').then(({ status }) => {
      answered = true
      return status
    })

    await waitFor('the request came', () => clock.nextAt() !== null)
    expect(answered).toBe(false)
    await clock.advance(5_000)
    expect(await late).toBe(200)

    simulator.faults.http({ kind: 'hang' })
    const never = rest(simulator)('GET', '/configuration').catch(() => 'cut')
    await waitFor('the request came', () => simulator.requests.counts.get('GET /api/v3/oneprovider/configuration'))
    await simulator.stop()
    expect(await never).toBe('cut')
  })

  it('with a probability, from the random numbers that were given', async () => {
    let next = 0
    const numbers = [0.4, 0.6]
    const simulator = await startSimulator()
    const other = await startSimulator({ random: () => numbers[next++ % 2] ?? 0 })
    next = 0
    other.faults.http({ kind: 'error', status: 503 }, { probability: 0.5 })

    expect((await rest(other)('GET', '/configuration')).status).toBe(503)
    expect((await rest(other)('GET', '/configuration')).status).toBe(200)
    expect((await rest(simulator)('GET', '/configuration')).status).toBe(200)
  })
})

describe('rights that are lost', () => {
  it.each(['in', 'in/a', 'in/deep/b'])('on %s leave nothing of it to be reached', async (path) => {
    const simulator = await startSimulator()
    simulator.model.mkdir('in/deep')
    for (const file of ['in/a', 'in/deep/b']) simulator.model.create(file, 'x')
    const ids = ['in/a', 'in/deep/b'].map((file) => [file, simulator.model.stat(file)?.fileId] as const)
    const ask = rest(simulator)
    const status = async () => Promise.all(ids.map(async ([, id]) => (await ask('GET', `/data/${id}`)).status))
    simulator.faults.loseRights(path)

    expect(await status()).toEqual(ids.map(([file]) => (file.startsWith(path) ? 400 : 200)))
    simulator.faults.restoreRights(path)
    expect(await status()).toEqual([200, 200])
  })
})

describe('faults of streams', () => {
  async function watched() {
    const simulator = await startSimulator()
    const directory = simulator.model.mkdir('in')
    const ask = { directories: [directory], attributes: ['name', 'type'] }
    return { simulator, model: simulator.model, faults: simulator.faults, stream: await openEvents(simulator, ask) }
  }
  const names = (stream: Awaited<ReturnType<typeof openEvents>>) =>
    stream.blocks().map(({ data }) => data?.attributes?.name)

  it('drops as many events as it was told', async () => {
    const { model, faults, stream } = await watched()
    faults.events('drop', { count: 1 })

    for (const name of ['a', 'b']) model.create(`in/${name}`)

    await stream.count(1)
    expect(names(stream)).toEqual(['b'])
  })

  it('sends an event twice', async () => {
    const { model, faults, stream } = await watched()
    faults.events('double', { count: 1 })

    for (const name of ['a', 'b']) model.create(`in/${name}`)

    await stream.count(3)
    expect(names(stream)).toEqual(['a', 'a', 'b'])
  })

  it('sends an event after the next one', async () => {
    const { model, faults, stream } = await watched()
    faults.events('reorder', { count: 1 })

    for (const name of ['a', 'b', 'c']) model.create(`in/${name}`)

    await stream.count(3)
    expect(names(stream)).toEqual(['b', 'a', 'c'])
  })

  it('sends an event that cannot be read', async () => {
    const { model, faults, stream } = await watched()
    faults.events('undecodable', { count: 1 })

    for (const name of ['a', 'b']) model.create(`in/${name}`)

    await stream.count(1)
    expect(stream.text()).toContain('data: {"fileId":\n\n')
  })

  it('leaves the name out', async () => {
    const { model, faults, stream } = await watched()
    faults.events('missingName', { count: 1 })

    model.create('in/a')

    await stream.count(1)
    expect(stream.blocks()[0]?.data?.attributes).toEqual({ type: 'REG' })
  })

  it('lets a change follow a deletion', async () => {
    const { model, faults, stream } = await watched()
    model.create('in/a')
    await stream.count(1)
    faults.events('afterDeleted', { count: 1 })

    model.remove('in/a')
    const blocks = await stream.count(3)

    const after = blocks.slice(blocks.findIndex(({ event }) => event === 'deleted'))
    expect(after.map(({ event }) => event)).toEqual(['deleted', 'changedOrCreated'])
    expect(after[1]?.id).toBeGreaterThan(after[0]?.id ?? 0)
  })

  it.each([
    ['reset', 'broken'],
    ['clean', 'clean'],
  ] as const)('cuts streams: %s', async (how, ended) => {
    const { faults, stream } = await watched()

    faults.cutStreams(how)

    expect(await waitFor('it ended', stream.ended)).toBe(ended)
    expect(faults.openStreams).toBe(0)
  })

  it('leaves streams half-open: connected and silent for ever', async () => {
    const { simulator, model, faults, stream } = await watched()
    faults.freezeStreams()
    const other = await openEvents(simulator, { directories: [model.mkdir('in')] })

    model.create('in/a')
    await other.count(1)

    expect(stream.text()).toBe('')
    expect(stream.ended()).toBeNull()
  })

  it('sends a line without end', async () => {
    const { faults, stream } = await watched()

    await faults.sendHugeLine(5_000_000)

    await waitFor('it came', () => stream.text().length >= 5_000_000)
    expect(stream.text()).not.toContain('\n')
  })

  it('gives up on a line without end when nobody reads on', async () => {
    const { faults, stream } = await watched()
    const sent = faults.sendHugeLine(100_000_000)

    stream.close()

    await sent
  })

  it('counts from 1 again after a restored database', async () => {
    const { simulator, model, faults, stream } = await watched()
    for (let index = 0; index < 50; index++) model.create(`in/${index}`)
    await stream.count(50)
    const before = model.sequence()
    for (let index = 0; index < 50; index++) model.remove(`in/${index}`)

    faults.resetSequence()

    await waitFor('the stream is cut', stream.ended)
    expect(model.sequence()).toBeLessThan(before + 50)
    const again = await openEvents(simulator, {
      directories: [model.mkdir('in')],
      attributes: ['name'],
      lastEventId: before,
    })
    const fileId = model.create('in/new')
    await again.until('a new one comes', ({ data }) => data?.fileId === fileId)
  })

  it('are cut after a time without a byte', async () => {
    const clock = new FakeClock()
    const simulator = await startSimulator({ clock, delays: { idleCutMs: 300_000, pollMs: 1_000 } })
    const stream = await openEvents(simulator, { directories: [simulator.model.mkdir('in')] })
    await clock.advance(200_000)
    simulator.model.create('in/a')
    await clock.advance(1_000)
    await stream.count(1)

    await clock.advance(299_000)
    expect(stream.ended()).toBeNull()
    await clock.advance(10_000)

    expect(await waitFor('it ended', stream.ended)).toBe('broken')
  })
})
