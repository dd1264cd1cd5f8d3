import { describe, expect, it, onTestFinished } from 'vitest'
import { createSystemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { createFederation } from '../../src/simulator/create-federation.ts'
import type { Simulator } from '../../src/simulator/create-simulator.ts'
import { quickDelays, seededRandom, startSimulator } from '../support/simulator.ts'
import { waitFor } from '../support/wait-for.ts'
import { type Events, openEvents, openStream, rest, type SseBlock } from './wire.ts'

const all = ['name', 'type', 'size', 'mtime']

async function startTwo() {
  const federation = await createFederation({
    port: 0,
    tls: false,
    spaceName: 'Gamma',
    clock: createSystemClock(),
    random: seededRandom(1),
    log: silentLog,
    providers: [
      { name: 'Krakow', version: '25.0', delays: quickDelays },
      { name: 'Lisbon', version: '25.0', delays: quickDelays },
    ],
  })
  onTestFinished(() => federation.close())
  const [krakow, lisbon] = federation.providers
  if (krakow === undefined || lisbon === undefined) throw new Error('two providers were started')
  return { krakow, lisbon }
}

/** A file that is made last in the directory; once its events are there, all before it would have been. */
async function sentinel(simulator: Simulator, path: string, ...streams: Events[]): Promise<void> {
  const fileId = simulator.model.create(path, 'x')
  for (const stream of streams) await stream.until('the sentinel came', ({ data }) => data?.fileId === fileId)
}

function attributesOf(blocks: readonly SseBlock[], fileId: string): readonly unknown[] {
  return blocks.filter(({ data }) => data?.fileId === fileId).map(({ data }) => data?.attributes)
}

function summaries(blocks: readonly SseBlock[]): readonly string[] {
  return blocks.map(({ id, event, data }) => `${id} ${event} ${JSON.stringify(data)}`)
}

/** The list of 13.11 of the wire reference: what the server's own test suite asserts. */
describe('file events, the acceptance list', () => {
  it('1: a space that does not exist is not supported, token or not', async () => {
    const simulator = await startSimulator()

    const replies = await Promise.all(
      [simulator.token, null, 'nonsense'].map((token) =>
        rest(simulator)('POST', '/spaces/abc/events/files', { token }),
      ),
    )

    for (const { status, json } of replies) {
      expect(status).toBe(400)
      expect(json).toMatchObject({ error: { id: 'spaceNotSupportedBy', details: { spaceId: 'abc' } } })
    }
  })

  it('2: arguments are refused as the table says', async () => {
    const simulator = await startSimulator()
    const { model, space, faults } = simulator
    const other = simulator.addSpace('Delta')
    const directory = model.mkdir('in')
    const file = model.create('file')
    const closed = model.mkdir('closed')
    faults.loseRights('closed')
    const gone = model.mkdir('gone')
    model.remove('gone')
    const foreign = other.model?.mkdir('there')
    const ask = async (body: string | object) => {
      const { status, json } = await rest(simulator)('POST', `/spaces/${space.id}/events/files`, { body })
      return { status, error: json.error }
    }
    const observe = (...ids: unknown[]) => ask({ observedDirectories: ids })
    const attributes = (...names: unknown[]) => ask({ observedDirectories: [directory], observedAttributes: names })
    const refused = (id: string, details?: object) => ({
      status: 400,
      error: expect.objectContaining({ id, ...(details && { details: expect.objectContaining(details) }) }),
    })
    const key = 'observedDirectories[1]'

    expect(await ask('{')).toEqual(refused('malformedData'))
    expect(await ask('[]')).toEqual(refused('malformedData'))
    expect(await ask('')).toEqual(refused('missingRequiredValue', { key: 'observedDirectories' }))
    expect(await ask({})).toEqual(refused('missingRequiredValue', { key: 'observedDirectories' }))
    expect(await ask({ observedDirectories: 7 })).toEqual(
      refused('badValueListOfStrings', { key: 'observedDirectories' }),
    )
    expect(await ask({ observedDirectories: [] })).toEqual(refused('badValueEmpty', { key: 'observedDirectories' }))
    expect(await observe('bogus')).toEqual(refused('badValueIdentifier', { key }))
    expect(await observe(space.id)).toEqual(refused('badValueIdentifier', { key }))
    expect(await observe(directory, foreign)).toEqual(refused('badValueIdentifier', { key: 'observedDirectories[2]' }))
    const nested = (errno: string) => ({
      key,
      specificError: expect.objectContaining({ id: 'posix', details: { errno } }),
    })
    expect(await observe(file)).toEqual(refused('badData', nested('enotdir')))
    expect(await observe(closed)).toEqual(refused('badData', nested('eacces')))
    expect(await observe(gone)).not.toEqual(refused('badValueIdentifier'))
    expect(await attributes('colour')).toEqual(refused('badValueNotAllowed', { key: 'observedAttributes' }))
    expect(await attributes('xattr.license')).toEqual(refused('badValueNotAllowed', { key: 'observedAttributes' }))
    expect(await attributes()).toEqual(refused('badValueEmpty', { key: 'observedAttributes' }))
  })

  it.each([
    ['x', 'badValueInteger'],
    ['-1', 'badValueTooLow'],
  ])('2: a Last-Event-Id of %s is refused', async (header, id) => {
    const simulator = await startSimulator()
    const body = { observedDirectories: [simulator.model.mkdir('in')] }
    const headers = { 'last-event-id': header }

    const reply = await rest(simulator)('POST', `/spaces/${simulator.space.id}/events/files`, { body, headers })

    expect(reply.json).toMatchObject({ error: { id, details: { key: 'last-event-id' } } })
  })

  it('3: who may subscribe', async () => {
    const simulator = await startSimulator()
    const { tokens, space, model } = simulator
    const body = { observedDirectories: [model.mkdir('in')] }
    const path = `/spaces/${space.id}/events/files`
    const operation = `op-worker/create/op_space.${space.id}.file_events`
    const refused = async (token: string | null) => {
      const { status, json } = await rest(simulator)('POST', path, { body, token })
      return [status, json.error]
    }
    const accepted = async (token: string) => (await openStream(simulator, path, { body, token })).status

    expect(await refused(null)).toEqual([401, expect.objectContaining({ id: 'unauthorized' })])
    expect(await refused(tokens.issue({ member: false }))).toEqual([403, expect.objectContaining({ id: 'forbidden' })])
    expect(await accepted(tokens.issue({ paths: [`/${space.id}/in`], readonly: true }))).toBe(200)
    expect(await refused(tokens.issue({ api: ['op-worker/get/op_file.*.instance'] }))).toEqual([
      401,
      expect.objectContaining({
        details: { authError: expect.objectContaining({ id: 'tokenCaveatUnverified' }) },
      }),
    ])
    expect(await accepted(tokens.issue({ api: [operation] }))).toBe(200)
  })

  it('4: a deleted file is reported on the provider where it was deleted and on the other one', async () => {
    const { krakow, lisbon } = await startTwo()
    const directory = krakow.model.mkdir('in')
    const fileId = krakow.model.create('in/a.txt', 'x')
    const streams = [
      await openEvents(krakow, { directories: [directory] }),
      await openEvents(lisbon, { directories: [directory] }),
    ]

    krakow.model.remove('in/a.txt')

    for (const stream of streams) {
      await stream.until('the deletion came', ({ event, data }) => event === 'deleted' && data?.fileId === fileId)
    }
  })

  it('5: a deleted directory is not reported', async () => {
    const simulator = await startSimulator()
    const directory = simulator.model.mkdir('in')
    const sub = simulator.model.mkdir('in/sub')
    const stream = await openEvents(simulator, { directories: [directory], attributes: ['name'] })
    // Its creation, just before the stream was opened, may still be told.
    await sentinel(simulator, 'in/first', stream)
    const before = stream.blocks().length

    simulator.model.remove('in/sub')
    await sentinel(simulator, 'in/sentinel', stream)

    const after = stream.blocks().slice(before)
    expect(after.filter(({ data }) => data?.fileId === sub)).toEqual([])
  })

  it('6: a creation and a chmod are told by document, on both providers', async () => {
    const { krakow, lisbon } = await startTwo()
    const directory = krakow.model.mkdir('in')
    const ask = { directories: [directory], attributes: ['name', 'posixPermissions', 'size'] }
    const streams = [await openEvents(krakow, ask), await openEvents(lisbon, ask)]

    const fileId = krakow.model.create('in/a.txt')
    for (const stream of streams) await stream.count(2)
    krakow.model.chmod('in/a.txt', 0o740)
    for (const stream of streams) await stream.count(3)

    for (const stream of streams) {
      const [first, second, third] = attributesOf(stream.blocks(), fileId)
      expect([first, second]).toContainEqual({ name: 'a.txt', posixPermissions: '664' })
      expect([first, second]).toContainEqual({ size: 0 })
      expect(third).toEqual({ name: 'a.txt', posixPermissions: '740' })
    }
  })

  it('7: what happens in directories below is not reported', async () => {
    const simulator = await startSimulator()
    const directory = simulator.model.mkdir('in')
    simulator.model.mkdir('in/sub')
    const stream = await openEvents(simulator, { directories: [directory], attributes: ['name'] })

    const fileId = simulator.model.create('in/sub/a.txt', 'x')
    await sentinel(simulator, 'in/sentinel', stream)

    expect(attributesOf(stream.blocks(), fileId)).toEqual([])
  })

  it('8: the root of the space can be observed', async () => {
    const simulator = await startSimulator()
    const root = simulator.model.mkdir('')
    const stream = await openEvents(simulator, { directories: [root] })

    await sentinel(simulator, 'a.txt', stream)

    expect(stream.blocks()[0]?.data?.parentFileId).toBe(root)
  })

  it('9: an observer hears only of the documents that hold what it observes', async () => {
    const simulator = await startSimulator()
    const directory = simulator.model.mkdir('in')
    const fileId = simulator.model.create('in/a.txt')
    const sizes = await openEvents(simulator, { directories: [directory], attributes: ['size'] })
    const names = await openEvents(simulator, { directories: [directory], attributes: ['name', 'type'] })

    simulator.model.write('in/a.txt', 'nine here')
    await sizes.until('the size came', ({ data }) => data?.attributes?.size === 9)
    await sentinel(simulator, 'in/sentinel', sizes, names)

    expect(attributesOf(sizes.blocks(), fileId).at(-1)).toEqual({ size: 9 })
    for (const attributes of attributesOf(names.blocks(), fileId))
      expect(attributes).toEqual({ name: 'a.txt', type: 'REG' })
  })

  it('10: clients of one directory hear the same, those of others nothing of it', async () => {
    const simulator = await startSimulator()
    const [one, other] = [simulator.model.mkdir('one'), simulator.model.mkdir('other')]
    const [a, b, c] = [
      await openEvents(simulator, { directories: [one] }),
      await openEvents(simulator, { directories: [one] }),
      await openEvents(simulator, { directories: [other] }),
    ]

    for (const name of ['a', 'b', 'c']) simulator.model.create(`one/${name}`, name)
    await sentinel(simulator, 'one/sentinel', a, b)
    await sentinel(simulator, 'other/sentinel', c)

    expect(summaries(a.blocks()).slice(0, 9)).toEqual(summaries(b.blocks()).slice(0, 9))
    expect(c.blocks().every(({ data }) => data?.parentFileId === other)).toBe(true)
  })

  it('11: no access, no events; with access again there are new ones, and a reconnect replays the rest', async () => {
    const simulator = await startSimulator()
    const { model } = simulator
    const directory = model.mkdir('outer/in')
    const before = model.sequence()
    const watched = await openEvents(simulator, { directories: [directory, model.mkdir('')], lastEventId: before })

    model.chmod('outer', 0o000)
    const hidden = model.create('outer/in/hidden', 'x')
    await sentinel(simulator, 'sentinel-1', watched)
    expect(attributesOf(watched.blocks(), hidden)).toEqual([])
    await waitFor('its caches are flushed', () => model.sequence() > before)
    model.chmod('outer', 0o775)
    await sentinel(simulator, 'outer/in/shown', watched)
    const again = await openEvents(simulator, { directories: [directory], lastEventId: before })

    await again.until('the missed one came', ({ data }) => data?.fileId === hidden)
  })

  it.each([
    ['no id', undefined],
    ['an id from the future', 9_999_999],
  ])('12: with %s there is no history', async (_name, lastEventId) => {
    const simulator = await startSimulator()
    const directory = simulator.model.mkdir('in')
    const first = await openEvents(simulator, { directories: [directory], attributes: ['name'] })
    const old = simulator.model.create('in/old', 'x')
    await first.count(1)

    const stream = await openEvents(simulator, {
      directories: [directory],
      attributes: ['name'],
      ...(lastEventId === undefined ? {} : { lastEventId }),
    })
    await sentinel(simulator, 'in/new', stream)

    expect(attributesOf(stream.blocks(), old)).toEqual([])
  })

  it('12 and 13: with an old id all that was missed comes and then what happens, in order and once', async () => {
    const simulator = await startSimulator()
    const { model } = simulator
    const directory = model.mkdir('in')
    const control = await openEvents(simulator, { directories: [directory], attributes: ['name'] })
    const first = await openEvents(simulator, { directories: [directory], attributes: ['name'] })
    model.create('in/seen', 'x')
    const seen = (await first.count(1)).at(-1)?.id ?? 0
    first.close()
    for (let index = 0; index < 150; index++) model.create(`in/missed-${index}`, 'x')
    await control.count(151)

    const again = openEvents(simulator, { directories: [directory], attributes: ['name'], lastEventId: seen })
    for (let index = 0; index < 30; index++) model.create(`in/live-${index}`, 'x')
    const stream = await again
    await sentinel(simulator, 'in/sentinel', stream, control)

    const ids = stream.blocks().flatMap(({ id, event }) => (event === 'heartbeat' ? [] : [id]))
    expect(ids).toEqual([...new Set(ids)].toSorted((a, b) => a - b))
    const expected = control.blocks().flatMap(({ id, event }) => (event === 'heartbeat' || id < seen ? [] : [id]))
    expect(ids).toEqual(expected)
    expect(ids[0]).toBe(seen)
    expect(ids).toHaveLength(182)
  })

  it('14: an observer that nothing concerns is told where the log stands, at a distance of 100', async () => {
    const simulator = await startSimulator()
    const { model } = simulator
    const quiet = await openEvents(simulator, { directories: [model.mkdir('quiet')] })
    model.mkdir('busy')

    for (let index = 0; index < 150; index++) model.create(`busy/${index}`, 'x')
    const [heartbeat] = await quiet.count(1)

    expect(heartbeat).toMatchObject({ event: 'heartbeat', data: null })
    expect(heartbeat?.id).toBeGreaterThanOrEqual(100)
  })

  it('14: an observer with events of its own gets no heartbeats', async () => {
    const simulator = await startSimulator()
    const { model } = simulator
    const stream = await openEvents(simulator, { directories: [model.mkdir('in')], attributes: all })

    for (let index = 0; index < 60; index++) {
      model.create(`in/${index}`, 'x')
      await stream.count(index)
    }
    await sentinel(simulator, 'in/sentinel', stream)

    expect(stream.blocks().filter(({ event }) => event === 'heartbeat')).toEqual([])
  })
})

describe('file events, beyond the list', () => {
  it('answer with the headers at once, and say nothing while nothing happens', async () => {
    const simulator = await startSimulator()

    const stream = await openEvents(simulator, { directories: [simulator.model.mkdir('in')] })

    expect(stream.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache',
      connection: 'keep-alive',
    })
    expect(stream.text()).toBe('')
  })

  it('tell a rename under the same id with the new name', async () => {
    const simulator = await startSimulator()
    const directory = simulator.model.mkdir('in')
    const fileId = simulator.model.create('in/a.part', 'x')
    const stream = await openEvents(simulator, { directories: [directory], attributes: ['name'] })

    simulator.model.move('in/a.part', 'in/a')

    const blocks = await stream.until('the rename came', ({ data }) => data?.attributes?.name === 'a')
    expect(blocks.at(-1)?.data?.fileId).toBe(fileId)
  })

  it('tell of a move in, and not of a move out', async () => {
    const simulator = await startSimulator()
    const { model } = simulator
    const directory = model.mkdir('in')
    model.mkdir('elsewhere')
    const leaving = model.create('in/leaving', 'x')
    const coming = model.create('elsewhere/coming', 'x')
    const before = model.sequence()
    const stream = await openEvents(simulator, { directories: [directory], attributes: ['name'], lastEventId: before })

    model.move('in/leaving', 'elsewhere/left')
    model.move('elsewhere/coming', 'in/came')
    const blocks = await stream.until('the move in came', ({ data }) => data?.fileId === coming)

    expect(blocks.filter(({ data, id }) => data?.fileId === leaving && id > before)).toEqual([])
  })

  it('tell today’s values when they are replayed, once per document', async () => {
    const simulator = await startSimulator()
    const { model } = simulator
    const directory = model.mkdir('in')
    const start = model.sequence()
    const fileId = model.create('in/a')
    for (const size of [1, 2, 3]) {
      model.truncate('in/a', size)
      model.sync('in/a')
    }

    const stream = await openEvents(simulator, { directories: [directory], attributes: ['size'], lastEventId: start })
    await sentinel(simulator, 'in/sentinel', stream)

    expect(attributesOf(stream.blocks(), fileId)).toEqual([{ size: 3 }])
  })

  it('tell a file that is gone once when they are replayed, and nothing else of it', async () => {
    const simulator = await startSimulator()
    const { model } = simulator
    const directory = model.mkdir('in')
    const start = model.sequence()
    const fileId = model.create('in/a', 'x')
    model.remove('in/a')

    const stream = await openEvents(simulator, { directories: [directory], lastEventId: start })
    await sentinel(simulator, 'in/sentinel', stream)

    expect(stream.blocks().flatMap(({ event, data }) => (data?.fileId === fileId ? [event] : []))).toEqual(['deleted'])
  })

  it('tell the size of a finished upload without delay, however long sizes are held back', async () => {
    const simulator = await startSimulator({ delays: { sizeFlushMs: 3_600_000 } })
    const directory = simulator.model.mkdir('in')
    const fileId = simulator.model.create('in/a')
    const stream = await openEvents(simulator, { directories: [directory], attributes: ['size'] })

    for (const body of ['1', '22', '333']) {
      await rest(simulator)('PUT', `/data/${fileId}/content`, { body })
      await stream.until('the size came', ({ data }) => data?.attributes?.size === body.length)
    }
  })

  it('echo readings as changes of times', async () => {
    const simulator = await startSimulator()
    const directory = simulator.model.mkdir('in')
    const fileId = simulator.model.create('in/a', 'x')
    simulator.model.setTimes('in/a', { atime: 1_000 })
    const stream = await openEvents(simulator, { directories: [directory], attributes: ['atime'] })
    await stream.until('its times came', ({ data }) => data?.attributes?.atime === 1_000)

    await rest(simulator)('GET', `/data/${fileId}/content`)

    await stream.until('the reading came', ({ data }) => Number(data?.attributes?.atime) > 1_000)
  })

  it.each([
    ['was revoked', (simulator: Simulator) => simulator.tokens.revoke(simulator.token)],
    ['lost its membership', (simulator: Simulator) => simulator.tokens.regrant(simulator.token, { member: false })],
  ])('fall silent, and stay open, when the token %s', async (_name, lose) => {
    const simulator = await startSimulator()
    const directory = simulator.model.mkdir('in')
    const token = simulator.tokens.issue()
    const other = await openEvents(simulator, { directories: [directory], token })
    const stream = await openEvents(simulator, { directories: [directory] })

    lose(simulator)
    await sentinel(simulator, 'in/sentinel', other)

    expect(stream.text()).toBe('')
    expect(stream.ended()).toBeNull()
  })

  it('is nowhere to be found before 25.0', async () => {
    const simulator = await startSimulator({ version: '21.02.8' })

    const reply = await rest(simulator)('POST', `/spaces/${simulator.space.id}/events/files`, { body: {} })

    expect(reply).toMatchObject({ status: 405, text: '' })
  })

  it('is asked by POST only', async () => {
    const simulator = await startSimulator()

    const reply = await rest(simulator)('GET', `/spaces/${simulator.space.id}/events/files`)

    expect(reply).toMatchObject({ status: 405, text: '', headers: { allow: 'POST' } })
  })
})
