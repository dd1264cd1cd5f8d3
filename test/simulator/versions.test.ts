import { describe, expect, it } from 'vitest'
import { providerVersions } from '../../src/simulator/simulator.ts'
import { startSimulator } from '../support/simulator.ts'
import { rest } from './wire.ts'

/** What the matrix of section 4 says, by route. `file` and `dir` stand for ids. */
const matrix: readonly (readonly [route: string, ...availability: boolean[]])[] = [
  //                                      18.02  20.02 21.02.3 21.02.8 25.0
  ['GET /configuration', true, true, true, true, true],
  ['GET /health', false, false, true, true, true],
  ['GET /spaces', true, true, true, true, true],
  ['GET /spaces/space', true, true, true, true, true],
  ['POST /lookup-file-id/Gamma/in', false, true, true, true, true],
  ['GET /data/file', false, true, true, true, true],
  ['GET /data/dir/children', false, true, true, true, true],
  ['GET /data/dir/files', false, false, true, true, true],
  ['GET /data/file/content', false, true, true, true, true],
  ['GET /data/dir/path/a.txt', false, false, true, true, true],
  ['GET /data/file/metadata/xattrs', false, true, true, true, true],
  ['GET /data/file/distribution', false, true, true, true, true],
  ['GET /files/Gamma/in', true, true, false, false, false],
  ['GET /files-id/dir', false, true, false, false, false],
  ['GET /attributes/Gamma/in/a.txt', true, false, false, false, false],
  ['GET /metadata/attrs/Gamma/in/a.txt', false, true, false, false, false],
  ['GET /metadata/xattrs/Gamma/in/a.txt', false, true, false, false, false],
  ['GET /metadata-id/attrs/file', false, true, false, false, false],
]

describe.each(providerVersions.map((version, index) => ({ version, index })))(
  'version $version',
  ({ version, index }) => {
    it('has the routes that it should have, and answers others without JSON', async () => {
      const simulator = await startSimulator({ version })
      const dir = simulator.model.mkdir('in')
      const file = simulator.model.create('in/a.txt', 'hello')
      const ids: Readonly<Record<string, string>> = { dir, file, space: simulator.space.id }

      const found = await Promise.all(
        matrix.map(async ([route]) => {
          const [method = '', path = ''] = route.split(' ')
          const real = path.split('/').map((segment) => ids[segment] ?? segment)
          const { status, text } = await rest(simulator)(method, real.join('/'))
          return [route, status === 200 ? true : status, text === '' ? 'empty' : 'text']
        }),
      )

      // 18.02 takes what follows `/metadata/` for a path, and finds nothing there.
      const none = (route: string) => [
        route,
        route.startsWith('GET') ? 404 : 405,
        version === '18.02' && route.includes('/metadata/') && !route.includes('/data/') ? 'text' : 'empty',
      ]
      expect(found).toEqual(
        matrix.map(([route, ...has]) => (has[index] === true ? [route, true, 'text'] : none(route))),
      )
    })

    it('tells its version to everybody', async () => {
      const simulator = await startSimulator({ version })

      const { json } = await rest(simulator)('GET', '/configuration', { token: null })

      expect(String(json.version).startsWith(version)).toBe(true)
      expect(json).toMatchObject({ providerId: simulator.providerId, domain: simulator.host })
    })

    it('leads a path to its file by CDMI', async () => {
      const simulator = await startSimulator({ version })
      simulator.model.mkdir('in')
      const ask = rest(simulator)

      const put = await ask('PUT', '/cdmi/Gamma/in/a%23b.txt', { body: 'hello' })
      const got = await ask('GET', `/cdmi/Gamma@${simulator.space.id}/in/a%23b.txt`)

      expect(put.status).toBe(201)
      expect(got.text).toBe('hello')
      expect(simulator.model.stat('in/a#b.txt')).toMatchObject({ size: 5 })
    })
  },
)

describe('what differs between versions', () => {
  const shapes = {
    '18.02': { keys: ['name', 'spaceId'] },
    '20.02': { keys: ['fileId', 'name', 'spaceId'] },
    '21.02.3': { keys: ['fileId', 'name', 'spaceId'] },
    '21.02.8': { keys: ['archivesDirId', 'dirId', 'fileId', 'name', 'providers', 'spaceId', 'trashDirId'] },
    '25.0': { keys: ['archivesDirId', 'dirId', 'fileId', 'name', 'providers', 'spaceId', 'trashDirId'] },
  } as const

  it.each(providerVersions)('%s lists spaces with what it knows of them', async (version) => {
    const simulator = await startSimulator({ version })
    simulator.addSpace('Elsewhere', { supported: false })

    const { text } = await rest(simulator)('GET', '/spaces/')

    const spaces: object[] = JSON.parse(text)
    expect(spaces.map((space) => Object.keys(space).toSorted())).toEqual([shapes[version].keys, shapes[version].keys])
    expect(spaces[0]).toMatchObject({ name: 'Gamma', spaceId: simulator.space.id })
  })

  it.each([
    ['18.02', 404, { error: 'not_found' }],
    ['20.02', 400, { error: { id: 'posix', details: { errno: 'enoent' } } }],
  ] as const)('%s says of a path that is not there: %i', async (version, status, json) => {
    const simulator = await startSimulator({ version })

    const reply = await rest(simulator)('GET', '/files/Gamma/nowhere')

    expect(reply).toMatchObject({ status, json })
    expect(reply.headers['content-type']).toBe(version === '18.02' ? undefined : 'application/json')
  })

  it.each([
    ['21.02.8', undefined],
    ['25.0', expect.objectContaining({ service: 'op_worker' })],
  ] as const)('%s sends errors with this context: %s', async (version, ctx) => {
    const simulator = await startSimulator({ version })
    const id = simulator.model.create('a.txt')
    simulator.model.remove('a.txt')

    const { status, json } = await rest(simulator)('GET', `/data/${id}`)

    expect(status).toBe(400)
    const error = { id: 'posix', details: { errno: 'enoent' }, description: expect.any(String) }
    expect(json).toEqual({ error: ctx === undefined ? error : { ...error, ctx } })
  })

  it('18.02 says nothing to strangers', async () => {
    const simulator = await startSimulator({ version: '18.02' })

    const reply = await rest(simulator)('GET', '/spaces', { token: 'nonsense' })

    expect(reply).toMatchObject({ status: 401, text: '' })
  })

  it('20.02 spells type and mode in the old way, and tells one attribute at a time', async () => {
    const simulator = await startSimulator({ version: '20.02' })
    const id = simulator.model.create('a.txt', 'hello')
    const ask = rest(simulator)

    const all = await ask('GET', `/data/${id}`)
    const one = await ask('GET', `/data/${id}?attribute=mtime&attribute=size`)

    expect(all.json).toMatchObject({ type: 'reg', mode: '0664', size: 5, file_id: id, name: 'a.txt' })
    expect(all.json).not.toHaveProperty('parent_id')
    expect(one.json).toEqual({ size: 5 })
  })

  it('21.02.3 knows older names only', async () => {
    const simulator = await startSimulator({ version: '21.02.3' })
    const id = simulator.model.create('a.txt', 'hello')
    const ask = rest(simulator)

    const all = await ask('GET', `/data/${id}`)
    const some = await ask('GET', `/data/${id}?attribute=size&attribute=type`)

    expect(all.json).toMatchObject({ type: 'REG', mode: '664', parent_id: expect.any(String) })
    expect(all.json).not.toHaveProperty('fileId')
    expect(some.json).toEqual({ size: 5, type: 'REG' })
  })

  it('21.02.8 tells both generations of names, 25 keys in all, and takes a body with GET', async () => {
    const simulator = await startSimulator({ version: '21.02.8' })
    const id = simulator.model.create('a.txt', 'hello')
    simulator.model.setXattr('a.txt', 'license', 'CC-0')
    const ask = rest(simulator)

    const all = await ask('GET', `/data/${id}`)
    const wanted = { attributes: ['fileId', 'size', 'xattr.license', 'xattr.none', 'path'] }
    const some = await ask('GET', `/data/${id}`, { body: wanted, headers: { 'content-type': 'application/json' } })
    const wrong = await ask('GET', `/data/${id}?attributes=colour`)

    expect(all.json).toMatchObject({ fileId: id, file_id: id, posixPermissions: '664', mode: '664' })
    expect(Object.keys(all.json)).toHaveLength(25)
    expect(some.json).toEqual({
      fileId: id,
      size: 5,
      'xattr.license': 'CC-0',
      'xattr.none': null,
      path: '/Gamma/a.txt',
    })
    expect(wrong).toMatchObject({
      status: 400,
      json: { error: { id: 'badValueNotAllowed', details: { key: 'attributes' } } },
    })
  })

  it.each([
    ['20.02', 1_000],
    ['21.02.3', 1_000],
    ['21.02.8', 10_000],
    ['25.0', 10_000],
  ] as const)('%s lists at most %i entries at a time', async (version, high) => {
    const simulator = await startSimulator({ version })
    const ask = rest(simulator)

    const most = await ask('GET', `/data/${simulator.space.id}/children?limit=${high}`)
    const more = await ask('GET', `/data/${simulator.space.id}/children?limit=${high + 1}`)

    expect(most.status).toBe(200)
    expect(more).toMatchObject({
      status: 400,
      json: { error: { id: 'badValueNotInRange', details: { key: 'limit', high } } },
    })
  })

  it.each([
    ['20.02', { children: [{ id: expect.any(String), name: 'a.txt' }], isLast: true }],
    [
      '21.02.3',
      { children: [{ file_id: expect.any(String), name: 'a.txt' }], nextPageToken: expect.any(String), isLast: true },
    ],
    [
      '25.0',
      {
        children: [{ file_id: expect.any(String), fileId: expect.any(String), name: 'a.txt' }],
        nextPageToken: expect.any(String),
        isLast: true,
      },
    ],
  ] as const)('%s lists children in its own form', async (version, expected) => {
    const simulator = await startSimulator({ version })
    simulator.model.create('a.txt')

    const { json } = await rest(simulator)('GET', `/data/${simulator.space.id}/children`)

    expect(json).toEqual(expected)
  })

  it.each([
    ['20.02', [{ providerId: expect.any(String), blocks: [[0, 5]], totalBlocksSize: 5 }]],
    ['25.0', expect.objectContaining({ type: 'REG' })],
  ] as const)('%s tells the distribution in its own form', async (version, expected) => {
    const simulator = await startSimulator({ version })
    const id = simulator.model.create('a.txt', 'hello')

    const { json } = await rest(simulator)('GET', `/data/${id}/distribution`)

    expect(json).toEqual(expected)
  })

  it('18.02 refuses to list more than a thousand entries at once', async () => {
    const simulator = await startSimulator({ version: '18.02' })
    for (let index = 0; index <= 1_000; index++) simulator.model.create(`f${index}`)
    const ask = rest(simulator)

    expect(await ask('GET', '/files/Gamma')).toMatchObject({ status: 400, json: { error: 'too_many_entries' } })
    expect(await ask('GET', '/files/Gamma?limit=2000')).toMatchObject({
      status: 400,
      json: { error: 'limit_too_large' },
    })
    const page = await ask('GET', '/files//Gamma?limit=2&offset=1')
    expect(page.json).toEqual([
      { id: expect.any(String), path: '/Gamma/f1' },
      { id: expect.any(String), path: '/Gamma/f10' },
    ])
  })

  it('18.02 reads and sets attributes by path', async () => {
    const simulator = await startSimulator({ version: '18.02' })
    simulator.model.create('a.txt', 'hello')
    const ask = rest(simulator)

    await ask('PUT', '/attributes/Gamma/a.txt', { body: { mode: '0640' } })
    await ask('PUT', '/attributes/Gamma/a.txt?extended=true', { body: { license: 'CC-0' } })

    expect((await ask('GET', '/attributes/Gamma/a.txt')).json).toMatchObject({ mode: '0640', type: 'reg', size: 5 })
    expect((await ask('GET', '/attributes/Gamma/a.txt?attribute=size')).json).toEqual({ size: 5 })
    expect((await ask('GET', '/attributes/Gamma/a.txt?extended=true')).json).toEqual({ license: 'CC-0' })
  })
})
