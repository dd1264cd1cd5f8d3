import { describe, expect, it } from 'vitest'
import { startSimulator } from '../support/simulator.ts'
import { type Reply, rest } from './wire.ts'

interface Item {
  readonly name: string
  readonly path: string
}

function items(reply: Reply, key: 'children' | 'files'): readonly Item[] {
  // The shape is what the tests check.
  return reply.json[key] as Item[]
}

describe('listing a directory', () => {
  it('goes on by token until isLast, in the order of the bytes of names', async () => {
    const simulator = await startSimulator()
    const names = ['b', 'a', 'Z', 'ä', '\ufb01', '😀', 'a-', 'a b']
    for (const name of names) simulator.model.create(name)
    const ask = rest(simulator)
    const listed: string[] = []
    let token: unknown = null
    let isLast = false
    while (!isLast) {
      const more = token === null ? '' : `&token=${encodeURIComponent(String(token))}`
      const page = await ask('GET', `/data/${simulator.space.id}/children?limit=3${more}`)
      listed.push(...items(page, 'children').map(({ name }) => name))
      token = page.json.nextPageToken
      isLast = page.json.isLast === true
      expect(token).toEqual(expect.any(String))
    }

    expect(listed).toEqual(names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))))
    const again = await ask('GET', `/data/${simulator.space.id}/children?token=${encodeURIComponent(String(token))}`)
    expect(again.status).toBe(500)
  })

  it('refuses tokens of other directories and garbled ones', async () => {
    const simulator = await startSimulator()
    const other = simulator.model.mkdir('other')
    simulator.model.create('a')
    const ask = rest(simulator)
    const { json } = await ask('GET', `/data/${simulator.space.id}/children?limit=1`)

    for (const token of [String(json.nextPageToken), 'garbage']) {
      const reply = await ask('GET', `/data/${other}/children?token=${token}`)
      expect(reply).toMatchObject({ status: 400, json: { error: { details: { errno: 'einval' } } } })
    }
  })

  it('starts at an index, a name or an offset', async () => {
    const simulator = await startSimulator()
    for (const name of ['a', 'b', 'c', 'd']) simulator.model.create(name)
    const ask = rest(simulator)
    const names = async (query: string) =>
      items(await ask('GET', `/data/${simulator.space.id}/children?${query}`), 'children').map(({ name }) => name)
    const { json } = await ask('GET', `/data/${simulator.model.stat('c')?.fileId}?attributes=index`)

    expect(await names(`index=${String(json.index)}`)).toEqual(['c', 'd'])
    expect(await names('index=c&inclusive=false')).toEqual(['d'])
    expect(await names('index=c&offset=-1')).toEqual(['b', 'c', 'd'])
    expect(await names('index=bb')).toEqual(['c', 'd'])
    expect(await names('offset=3')).toEqual(['d'])
  })

  it('gives short pages that are not the last ones, where it is told to', async () => {
    const simulator = await startSimulator()
    for (const name of ['a', 'b', 'c']) simulator.model.create(name)
    simulator.faults.shortPages = true

    const page = await rest(simulator)('GET', `/data/${simulator.space.id}/children?limit=4`)

    expect(items(page, 'children')).toHaveLength(2)
    expect(page.json.isLast).toBe(false)
  })

  it('lists a file as itself', async () => {
    const simulator = await startSimulator()
    const id = simulator.model.create('a.txt')

    const page = await rest(simulator)('GET', `/data/${id}/children`)

    expect(items(page, 'children').map(({ name }) => name)).toEqual(['a.txt'])
  })

  it('needs to go into the directory for more than names', async () => {
    const simulator = await startSimulator()
    const id = simulator.model.mkdir('in')
    simulator.model.create('in/a', 'x')
    simulator.model.chmod('in', 0o600)
    const ask = rest(simulator)

    const names = await ask('GET', `/data/${id}/children?attributes=fileId&attributes=name`)
    const sizes = await ask('GET', `/data/${id}/children?attributes=size`)

    expect(names.status).toBe(200)
    expect(sizes).toMatchObject({ status: 400, json: { error: { details: { errno: 'eacces' } } } })
  })

  it('leaves the directory’s atime behind', async () => {
    const simulator = await startSimulator()
    const id = simulator.model.mkdir('in')
    simulator.model.setTimes('in', { atime: 1_000 })
    const ask = rest(simulator)

    await ask('GET', `/data/${id}/children`)

    expect((await ask('GET', `/data/${id}?attributes=atime`)).json.atime).toBeGreaterThan(1_000)
  })
})

describe('listing a tree', () => {
  const files = ['a-b', 'a/1', 'a/2', 'a/deep/x', 'b', 'é/y']

  async function tree() {
    const simulator = await startSimulator()
    for (const dir of ['a/deep', 'é', 'empty']) simulator.model.mkdir(dir)
    for (const file of files) simulator.model.create(file, file)
    return simulator
  }

  it.each([1, 2, 3, 100])('gives whole paths in order, in pages of %i, until the token is null', async (limit) => {
    const simulator = await tree()
    const ask = rest(simulator)
    const listed: string[] = []
    let token: unknown
    while (token !== null) {
      const more = token === undefined ? '' : `&token=${String(token)}`
      const page = await ask('GET', `/data/${simulator.space.id}/files?limit=${limit}${more}`)
      listed.push(...items(page, 'files').map(({ path }) => path))
      expect(page.json).not.toHaveProperty('isLast')
      token = page.json.nextPageToken
    }

    expect(listed).toEqual(files)
  })

  it('shows directories where they are wanted, each before its content', async () => {
    const simulator = await tree()

    const page = await rest(simulator)(
      'GET',
      `/data/${simulator.space.id}/files?include_directories=true&attributes=path`,
    )

    expect(items(page, 'files').map(({ path }) => path)).toEqual([
      'a',
      'a-b',
      'a/1',
      'a/2',
      'a/deep',
      'a/deep/x',
      'b',
      'empty',
      'é',
      'é/y',
    ])
  })

  it('begins behind a path, and keeps to a prefix', async () => {
    const simulator = await tree()
    const ask = rest(simulator)
    const paths = async (query: string) =>
      items(await ask('GET', `/data/${simulator.space.id}/files?${query}`), 'files').map(({ path }) => path)

    expect(await paths('start_after=a/1')).toEqual(['a/2', 'a/deep/x', 'b', 'é/y'])
    expect(await paths('prefix=a/d')).toEqual(['a/deep/x'])
  })

  it('names what could not be read, and refuses where that is the root', async () => {
    const simulator = await tree()
    const id = simulator.model.mkdir('a')
    simulator.faults.loseRights('a')
    const ask = rest(simulator)

    const page = await ask('GET', `/data/${simulator.space.id}/files`)

    expect(page.json.inaccessiblePaths).toEqual(['a'])
    expect(items(page, 'files').map(({ path }) => path)).toEqual(['a-b', 'b', 'é/y'])
    expect(await ask('GET', `/data/${id}/files`)).toMatchObject({
      status: 400,
      json: { error: { details: { errno: 'eacces' } } },
    })
    simulator.faults.restoreRights('a')
    expect((await ask('GET', `/data/${id}/files`)).status).toBe(200)
  })

  it('lists a file as a point, and an empty directory as nothing', async () => {
    const simulator = await tree()
    const ask = rest(simulator)

    const file = await ask('GET', `/data/${simulator.model.stat('b')?.fileId}/files`)
    const empty = await ask('GET', `/data/${simulator.model.stat('empty')?.fileId}/files`)

    expect(items(file, 'files').map(({ path }) => path)).toEqual(['.'])
    expect(empty.json).toEqual({ files: [], inaccessiblePaths: [], nextPageToken: null })
  })

  it('refuses a token of another tree', async () => {
    const simulator = await tree()
    const ask = rest(simulator)
    const { json } = await ask('GET', `/data/${simulator.space.id}/files?limit=1`)

    const reply = await ask(
      'GET',
      `/data/${simulator.model.stat('a')?.fileId}/files?token=${String(json.nextPageToken)}`,
    )

    expect(reply).toMatchObject({ status: 400, json: { error: { details: { errno: 'einval' } } } })
  })

  it('serves 100,000 files in 1,000 directories without taking long', async () => {
    const simulator = await startSimulator()
    for (let dir = 0; dir < 1_000; dir++) {
      simulator.model.mkdir(`d${dir}`)
      for (let file = 0; file < 100; file++) simulator.model.create(`d${dir}/f${file}`)
    }
    const ask = rest(simulator)
    const start = performance.now()
    let count = 0
    let token: unknown
    while (token !== null) {
      const more = token === undefined ? '' : `&token=${String(token)}`
      const query = `limit=10000&attributes=fileId&attributes=path&attributes=size&attributes=mtime${more}`
      const page = await ask('GET', `/data/${simulator.space.id}/files?${query}`)
      count += items(page, 'files').length
      token = page.json.nextPageToken
    }

    expect(count).toBe(100_000)
    expect(performance.now() - start).toBeLessThan(10_000)
  })
})
