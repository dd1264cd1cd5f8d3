import { describe, expect, it } from 'vitest'
import type { Simulator } from '../../src/simulator/create-simulator.ts'
import { providerVersions } from '../../src/simulator/simulator.ts'
import { startSimulator } from '../support/simulator.ts'
import { waitFor } from '../support/wait-for.ts'
import { openStream, rest } from './wire.ts'

const jsonType = { 'content-type': 'application/json' }
const everything = {
  fileMeta: { fields: ['name', 'type', 'mode', 'provider_id', 'deleted'] },
  fileLocation: { fields: ['size', 'provider_id'] },
  times: { fields: ['mtime'] },
}

interface Line {
  readonly fileId: string
  readonly filePath: string
  readonly seq: number
  readonly [section: string]: unknown
}

async function openChanges(simulator: Simulator, body: object = everything, query = '') {
  const stream = await openStream(simulator, `/changes/metadata/${simulator.space.id}${query}`, {
    body,
    headers: jsonType,
  })
  // The shape is what the tests check.
  const lines = () =>
    stream
      .text()
      .split('\r\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Line)
  return {
    ...stream,
    lines,
    until: (what: string, fits: (line: Line) => boolean) => waitFor(what, () => lines().some(fits) && lines()),
  }
}

function ask(simulator: Simulator, body: string | object, query = '', token = simulator.token) {
  const path = `/changes/metadata/${simulator.space.id}${query}`
  return rest(simulator)('POST', path, { body, headers: jsonType, token })
}

describe('the changes stream', () => {
  it.each(providerVersions)('of %s tells every change of the whole space as a line', async (version) => {
    const simulator = await startSimulator({ version })
    const stream = await openChanges(simulator)

    simulator.model.mkdir('in/deep')
    const fileId = simulator.model.create('in/deep/a.txt', 'hello')
    const ofFile = (line: Line) => line.fileId === fileId
    await stream.until('the size came', (line) => ofFile(line) && line.fileLocation !== undefined)
    const lines = await stream.until('the name came', (line) => ofFile(line) && line.fileMeta !== undefined)

    expect(stream.headers['content-type']).toBe('application/json')
    const root = version === '25.0' ? simulator.space.id : 'Gamma'
    expect(lines.find((line) => ofFile(line) && line.fileMeta !== undefined)).toEqual({
      fileId,
      filePath: `/${root}/in/deep/a.txt`,
      seq: expect.any(Number),
      fileMeta: {
        rev: expect.any(String),
        mutators: [simulator.providerId],
        changed: true,
        deleted: false,
        fields: { name: 'a.txt', type: 'REG', mode: 0o664, provider_id: simulator.providerId, deleted: false },
      },
    })
    expect(lines.find((line) => ofFile(line) && line.fileLocation !== undefined)?.fileLocation).toMatchObject({
      fields: { size: 5, provider_id: simulator.providerId },
    })
  })

  it('begins with the number it was given, should that still be the newest of its document', async () => {
    const simulator = await startSimulator()
    const first = await openChanges(simulator)
    simulator.model.create('a')
    const lines = await first.until('all documents came', () => first.lines().length >= 3)
    const seq = lines.find((line) => line.fileMeta !== undefined)?.seq ?? 0

    const again = await openChanges(simulator, { fileMeta: { fields: ['name'] } }, `?last_seq=${seq}`)

    expect((await again.until('it came again', () => true))[0]?.seq).toBe(seq)
  })

  it('tells a deletion, unless a document is to go along that cannot be read', async () => {
    const simulator = await startSimulator()
    const fileId = simulator.model.create('a', 'x')
    const plain = await openChanges(simulator)
    const always = await openChanges(simulator, { fileMeta: { fields: ['name'], always: true } })

    simulator.model.remove('a')
    const later = simulator.model.create('b', 'x')
    const lines = await plain.until('the deletion came', (line) => line.fileId === fileId && line.filePath === '')
    await always.until('the next file came', (line) => line.fileId === later)

    expect(lines.find((line) => line.fileId === fileId && line.filePath === '')?.fileMeta).toMatchObject({
      deleted: true,
      fields: { deleted: true },
    })
    expect(always.lines().filter((line) => line.fileId === fileId && line.filePath === '')).toEqual([])
  })

  it('sends documents along, and leaves out those that trigger nothing', async () => {
    const simulator = await startSimulator()
    simulator.model.create('a', 'x')
    const stream = await openChanges(simulator, {
      triggers: ['customMetadata'],
      fileMeta: { fields: ['name'], always: true },
      customMetadata: { fields: ['license', 'none', 'onedata_json'], exists: ['license', 'none'] },
    })

    simulator.model.write('a', 'y')
    simulator.model.setXattr('a', 'license', 'CC-0')
    const [line] = await stream.until('the attribute came', () => true)

    expect(line).toMatchObject({
      customMetadata: {
        changed: true,
        fields: { license: 'CC-0', none: null, onedata_json: null },
        exists: { license: true, none: false },
      },
      fileMeta: { changed: false, fields: { name: 'a' } },
    })
  })

  it('ends well after the silence it was asked for', async () => {
    const simulator = await startSimulator()

    const stream = await openChanges(simulator, everything, '?timeout=20')

    expect(await waitFor('it ended', stream.ended)).toBe('clean')
  })

  it.each([
    ['21.02.8', '"text"', '', 400, 'badValueJSON', { key: 'changesSpecification' }],
    ['21.02.8', {}, '', 400, 'badValueEmpty', { key: 'changesSpecification' }],
    ['25.0', {}, '', 400, 'missingAtLeastOneValue', {}],
    ['25.0', '{', '', 400, 'malformedData', undefined],
    ['25.0', { colours: {} }, '', 400, 'badData', { key: 'colours' }],
    ['25.0', { ...everything, triggers: 'times' }, '', 400, 'badValueListOfStrings', { key: 'triggers' }],
    ['25.0', { ...everything, triggers: ['x'] }, '', 400, 'badValueNotAllowed', { key: 'triggers' }],
    ['25.0', { times: { fields: 'mtime' } }, '', 400, 'badValueListOfStrings', { key: 'times.fields' }],
    ['25.0', { fileMeta: { fields: ['x'] } }, '', 400, 'badValueNotAllowed', { key: 'fileMeta.fields' }],
    ['25.0', { fileMeta: { always: 1 } }, '', 400, 'badValueBoolean', { key: 'fileMeta.always' }],
    ['25.0', everything, '?timeout=soon', 400, 'badValueInteger', { key: 'timeout' }],
    ['25.0', everything, '?last_seq=x', 400, 'badValueInteger', { key: 'last_seq' }],
  ] as const)('of %s refuses %j%s', async (version, body, query, status, id, details) => {
    const simulator = await startSimulator({ version })

    const reply = await ask(simulator, body, query)

    expect(reply).toMatchObject({ status, json: { error: { id, ...(details && { details }) } } })
  })

  it('answers a body that is no JSON with nothing at all before 25.0', async () => {
    const simulator = await startSimulator({ version: '21.02.8' })

    expect(await ask(simulator, '{')).toMatchObject({ status: 500, text: '' })
  })

  it('of 18.02 has errors of its own', async () => {
    const simulator = await startSimulator({ version: '18.02' })

    expect((await ask(simulator, {})).json).toMatchObject({ error: 'error_invalid_changes_req' })
    expect((await ask(simulator, { colours: {} })).json).toMatchObject({ error: 'error_invalid_format' })
    expect((await ask(simulator, { times: { fields: ['x'] } })).json).toMatchObject({ error: 'error_invalid_field' })
  })

  it('is for those with the privilege and a token without data caveats', async () => {
    const simulator = await startSimulator()
    const { tokens, space } = simulator
    const status = async (token: string) => (await ask(simulator, {}, '', token)).status

    expect(await status(tokens.issue({ changesStream: false }))).toBe(403)
    expect(await status(tokens.issue({ member: false }))).toBe(403)
    expect(await status(tokens.issue({ paths: [`/${space.id}/in`] }))).toBe(401)
    expect(await status(tokens.issue({ readonly: true }))).toBe(401)
    expect(await status('nonsense')).toBe(401)
    expect(await status(tokens.issue())).toBe(400)
  })

  it('asks 18.02 members for no privilege', async () => {
    const simulator = await startSimulator({ version: '18.02' })

    expect((await ask(simulator, {}, '', simulator.tokens.issue({ changesStream: false }))).status).toBe(400)
  })

  it('wants JSON to be called so', async () => {
    const simulator = await startSimulator()

    const reply = await rest(simulator)('POST', `/changes/metadata/${simulator.space.id}`, { body: everything })

    expect(reply.status).toBe(415)
  })
})
