import { describe, expect, it } from 'vitest'
import type { KnownFile } from '../../../src/core/source.ts'
import { openProvider } from '../../../src/sources/onedata/connect.ts'
import type { ListedPage, ListOptions, Provider } from '../../../src/sources/onedata/provider.ts'
import {
  type Asked,
  below,
  collect,
  eacces,
  enoent,
  never,
  type Peer,
  type Reply,
  refused,
  space,
  startProvider,
  testDeps,
  testOptions,
} from './peer.ts'

describe('a recursive listing', () => {
  it('follows the token to its end and tells files, directories and what cannot be read', async () => {
    const pages = [
      {
        files: [
          { fileId: 'D', path: 'sub', type: 'DIR', size: null, mtime: 5, ctime: 5 },
          { fileId: 'A', path: 'sub/a.txt', type: 'REG', size: 3, mtime: 5, ctime: 6 },
        ],
        inaccessiblePaths: ['secret'],
        nextPageToken: 't/1+',
      },
      { files: [], inaccessiblePaths: [], nextPageToken: 't2' },
      { files: [{ fileId: 'L', path: 'link', type: 'SYMLNK', size: 9 }], inaccessiblePaths: [], nextPageToken: null },
    ]
    const peer = await startTree('21.02.8', (asked) => ({
      json: pages[[null, 't/1+', 't2'].indexOf(asked.query.get('token'))],
    }))

    const listed = await collect(await list(peer, 'in'))

    expect(listed).toEqual([
      {
        entries: [
          { fileId: 'D', dir: 'in', name: 'sub', type: 'directory', facts: {} },
          { fileId: 'A', dir: 'in/sub', name: 'a.txt', type: 'file', facts: { size: 3, mtime: 5, ctime: 6 } },
        ],
        unreadable: ['in/secret'],
      },
      { entries: [], unreadable: [] },
      { entries: [{ fileId: 'L', dir: 'in', name: 'link', type: 'other', facts: {} }], unreadable: [] },
    ])
    expect(peer.asked.map(below)).toEqual([
      '/configuration',
      '/lookup-file-id/Gamma@s1/in',
      ...Array(3).fill('/data/IN/files'),
    ])
  })

  it('asks by current names, holes and extended attributes only where somebody looks at them', async () => {
    const raw = {
      fileId: 'A',
      path: 'a',
      type: 'REG',
      localReplicationRate: 0.5,
      originProviderId: 'p1',
      'xattr.a b': null,
    }
    const peer = await startTree('25.0', () => ({ json: { files: [raw], inaccessiblePaths: [], nextPageToken: null } }))
    const provider = await open(peer)

    await collect(await provider.list(space, '', needs(), never))
    const [page] = await collect(await provider.list(space, '', needs({ holes: true, xattrs: ['a b'] }), never))

    expect(page?.entries[0]?.facts).toEqual({ localRate: 0.5, atOrigin: true, xattrs: { 'a b': null } })
    const [plain, rich] = peer.asked.slice(1).map(({ query }) => query.getAll('attributes'))
    expect(plain).toEqual(['fileId', 'path', 'type', 'size', 'mtime', 'ctime'])
    expect(rich).toEqual([...(plain ?? []), 'localReplicationRate', 'originProviderId', 'xattr.a b'])
    expect(peer.asked[1]).toMatchObject({ path: expect.stringContaining('/data/s1/files') })
    expect(peer.asked[1]?.query.get('limit')).toBe('10000')
  })

  it('asks 21.02.3 by deprecated names and for 1000 at most', async () => {
    const raw = { file_id: 'A', path: 'a', type: 'REG', size: 1, provider_id: 'p2', mtime: 7 }
    const peer = await startTree('21.02.3', () => ({ json: { files: [raw], nextPageToken: null } }))

    const [page] = await collect(await list(peer, ''))

    expect(page?.entries[0]).toMatchObject({ fileId: 'A', name: 'a', facts: { size: 1, mtime: 7, atOrigin: false } })
    expect(peer.asked[1]?.query.get('limit')).toBe('1000')
    expect(peer.asked[1]?.query.getAll('attribute')).toContain('file_id')
    expect(peer.asked[1]?.query.getAll('attributes')).toEqual([])
  })

  it.each([
    ['does not come in time', 'silence'],
    ['is refused', refused(400, 'badValueNotInRange', { key: 'limit', low: 1, high: 1_000 })],
  ] as const)('goes on with small pages when a large one %s', async (_, reply) => {
    const page = (nextPageToken: string | null) => ({ json: { files: [], nextPageToken } })
    const peer = await startTree('25.0', ({ query }) =>
      query.get('limit') === '10000' ? reply : page(query.has('token') ? null : 't'),
    )
    const provider = await open(peer, { requestTimeout: '500ms' })

    await collect(await provider.list(space, '', needs(), never))

    expect(peer.asked.slice(1).map(({ query }) => query.get('limit'))).toEqual(['10000', '1000', '1000'])
  })

  it('ends with isLast too', async () => {
    const peer = await startTree('25.0', () => ({ json: { files: [], nextPageToken: 'again', isLast: true } }))

    expect(await collect(await list(peer, ''))).toEqual([{ entries: [], unreadable: [] }])
  })

  it('is broken off by a page that leads to itself, by one that lost its folder, and by an entry without id', async () => {
    const next = { files: [], nextPageToken: 't' }
    const circling = await startTree('25.0', () => ({ json: next }))
    const vanishing = await startTree('25.0', ({ query }) => (query.has('token') ? enoent : { json: next }))
    const nameless = await startTree('25.0', () => ({ json: { files: [{ path: 'a' }], nextPageToken: null } }))
    const foreign = await startTree('25.0', () => ({ json: { files: 'none' } }))

    for (const peer of [circling, vanishing, nameless, foreign]) {
      await expect(list(peer, '').then(collect)).rejects.toMatchObject({ code: 'SOURCE_PROTOCOL' })
    }
  })

  it('finds no folder where there is none, where a file is, or where no path can lead', async () => {
    const file = { files: [{ fileId: 'F', path: '.' }], nextPageToken: null }
    const peer = await startTree('25.0', () => ({ json: file }))
    const provider = await open(peer)

    expect(await provider.list(space, 'missing', needs(), never)).toBeNull()
    expect(await provider.list(space, 'in', needs(), never)).toBeNull()
    const before = peer.asked.length
    expect(await provider.list(space, 'in/../other', needs(), never)).toBeNull()
    expect(await provider.directoryId(space, './in', never)).toBeNull()
    expect(peer.asked).toHaveLength(before)
  })

  it('calls a folder without rights unreadable, and says who cannot be reached', async () => {
    const closed = await startTree('25.0', () => eacces)
    const strange = await startTree('25.0', () => refused(403, 'forbidden'))

    expect(await collect(await list(closed, 'in'))).toEqual([{ entries: [], unreadable: ['in'] }])
    await expect(list(strange, 'in')).rejects.toMatchObject({ code: 'SOURCE_FORBIDDEN' })
  })
})

describe('a listing directory by directory', () => {
  it('takes the place of the recursive one where that route is missing, and is remembered', async () => {
    const peer = await startTree('21.02.8', (asked) => {
      const route = below(asked)
      if (route.endsWith('/files')) return { status: 404, text: '<html>', type: 'text/html' }
      if (route === '/data/IN/children' && !asked.query.has('token')) {
        const children = [
          { fileId: 'D', name: 'sub', type: 'DIR' },
          { fileId: 'A', name: 'a', type: 'REG', size: 1 },
        ]
        return { json: { children, isLast: false, nextPageToken: 't' } }
      }
      if (route === '/data/IN/children') return { json: { children: [], isLast: true, nextPageToken: 't' } }
      return {
        json: { children: [{ fileId: 'B', name: 'b', type: 'REG', size: 2 }], isLast: true, nextPageToken: 't' },
      }
    })
    const provider = await open(peer)

    const first = await collect(await provider.list(space, 'in', needs(), never))
    await collect(await provider.list(space, 'in', needs(), never))

    expect(names(first)).toEqual(['in/sub', 'in/a', 'in/sub/b'])
    expect(peer.asked.map(below).filter((route) => route.endsWith('/files'))).toHaveLength(1)
  })

  it('skips a directory that vanished, names one without rights, and breaks off for anything else', async () => {
    const directory = (fileId: string) => ({ fileId, name: fileId, type: 'DIR' })
    const answers: Record<string, Reply> = {
      s1: { json: { children: [directory('gone'), directory('closed')], isLast: true } },
      gone: enoent,
      closed: eacces,
      odd: { json: { children: [], isLast: false, nextPageToken: null } },
    }
    const peer = await startTree('21.02.8', (asked) => answers[asked.path.split('/').at(-2) ?? ''] ?? enoent)
    const provider = await open(peer)
    const directoryOf = (fileId: string) =>
      collect(provider.listDirectory(space, { fileId, path: fileId }, needs(), never))

    expect(await directoryOf('s1')).toHaveLength(1)
    expect(await directoryOf('gone')).toEqual([])
    expect(await directoryOf('closed')).toEqual([{ entries: [], unreadable: ['closed'] }])
    await expect(directoryOf('odd')).rejects.toMatchObject({ code: 'SOURCE_PROTOCOL' })
  })
})

describe('a listing where attributes cost a request per file (20.02)', () => {
  it('reads what is unknown or pending, remembers directories, and tells the others without facts', async () => {
    const peer = await startBare({ new: 'reg', turn: 'reg', pending: 'reg', idle: 'reg', dir: 'dir' })
    const provider = await open(peer, { pollInterval: '2ms' })
    const options = needs({}, { turn: aKnown(false), pending: aKnown(true), idle: aKnown(false) })

    const first = await collect(await provider.list(space, '', options, never))
    const asked = peer.asked.splice(0).map(below)
    const second = await collect(await provider.list(space, '', options, never))

    const facts = { size: 3, mtime: 4 }
    expect(asked.slice(1)).toEqual(
      ['s1/children', 'new', 'turn', 'pending', 'dir', 'dir/children'].map((id) => `/data/${id}`),
    )
    expect(first[0]?.entries).toEqual([
      { fileId: 'new', dir: '', name: 'new', type: 'file', facts },
      { fileId: 'turn', dir: '', name: 'turn', type: 'file', facts },
      { fileId: 'pending', dir: '', name: 'pending', type: 'file', facts },
      { fileId: 'idle', dir: '', name: 'idle', type: 'file', facts: {} },
      { fileId: 'dir', dir: '', name: 'dir', type: 'directory', facts: {} },
    ])
    expect(names(second)).toEqual(names(first))
    expect(peer.asked.map(below)).not.toContain('/data/dir')
  })

  it('reads known files again in turn, so many per listing', async () => {
    const ids = ['a', 'b', 'c', 'd', 'e']
    const peer = await startBare(Object.fromEntries(ids.map((id) => [id, 'reg'])))
    const provider = await open(peer, { pollInterval: '4ms' })
    const options = needs({}, Object.fromEntries(ids.map((id) => [id, aKnown(false)])))
    const turns: string[][] = []

    for (let scan = 0; scan < 4; scan++) {
      peer.asked.length = 0
      await collect(await provider.list(space, '', options, never))
      turns.push(
        peer.asked
          .map(below)
          .filter((route) => /^\/data\/.$/.test(route))
          .map((route) => route.slice(-1)),
      )
    }

    expect(turns).toEqual([['a', 'b'], ['c', 'd'], ['e'], ['a', 'b']])
  })

  it('does not read a file that no trigger takes at each listing', async () => {
    const peer = await startBare({ x: 'reg', y: 'reg', z: 'reg' })
    const provider = await open(peer, { pollInterval: '2ms' })

    await collect(await provider.list(space, '', needs(), never))
    peer.asked.length = 0
    const again = await collect(await provider.list(space, '', needs(), never))

    expect(again[0]?.entries.map(({ facts }) => facts.size)).toEqual([3, 3, 3])
    expect(peer.asked.map(below)).toEqual(['/data/s1/children', '/data/x'])
  })

  it('asks for no more files when one could not be read', async () => {
    const peer = await startBare({
      bad: refused(403, 'forbidden'),
      ...Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`f${i}`, 'reg'])),
    })

    const provider = await open(peer)

    const listing = provider.list(space, '', needs(), never).then(collect)

    await expect(listing).rejects.toMatchObject({ code: 'SOURCE_FORBIDDEN' })
    // A question of its own comes behind whatever still waits.
    await provider.serverTime(never)
    expect(peer.asked.length).toBeLessThan(50)
  })

  it('drops a file deleted meanwhile and knows nothing of one without rights', async () => {
    const peer = await startBare({ kept: 'reg', gone: enoent, closed: eacces })

    const [page] = await collect(await list(peer, ''))

    expect(names([page ?? noPage])).toEqual(['kept'])
    expect(page?.unreadable).toEqual(['closed'])
  })

  it('pages from the last name on, past a window in which everything was deleted', async () => {
    const page = (names: string[], isLast: boolean): Reply => ({
      json: { children: names.map((name) => ({ id: name, name })), isLast },
    })
    const peer = await startProvider('20.02.20', (asked) => {
      if (!below(asked).endsWith('/children')) return { json: { type: 'reg', size: 1 } }
      const { index, offset } = Object.fromEntries(asked.query)
      if (index === undefined) return page(['a', 'b'], false)
      return offset === undefined ? page(['b'], false) : page(['z'], true)
    })

    const pages = await collect(await list(peer, ''))

    expect(names(pages)).toEqual(['a', 'b', 'z'])
    const queries = peer.asked.filter((asked) => below(asked).endsWith('/children')).map(({ query }) => `${query}`)
    expect(queries).toEqual(['limit=1000', 'limit=1000&index=b', 'limit=1000&index=b&offset=1000'])
  })
})

describe('a listing through the path API (18.02)', () => {
  it('walks by path, pages by offset and reads attributes by path', async () => {
    const many = Array.from({ length: 1_000 }, (_, i) => ({ id: `f${i}`, path: `/Gamma/in/#${i}?` }))
    const answers = new Map<string, unknown>([
      ['/files/Gamma/in?null', many],
      ['/files/Gamma/in?1000', [{ id: 'd', path: '/Gamma/in/sub' }]],
      ['/files/Gamma/in/sub?null', []],
      ['/attributes/Gamma/in/sub?null', { type: 'dir', file_id: 'd' }],
      ...many.map(
        ({ id, path }) => [`/attributes${path}?null`, { type: 'reg', size: 1, mtime: 2, file_id: id }] as const,
      ),
    ])
    const peer = await startProvider('18.02.3', (asked) => {
      const json = answers.get(`${below(asked)}?${asked.query.get('offset')}`)
      return json === undefined ? { status: 404, text: '{"error":"not_found","error_description":"x"}' } : { json }
    })
    const provider = await open(peer)

    const pages = await collect(await provider.list(space, 'in', needs(), never))

    expect(names(pages)).toHaveLength(1_001)
    expect(pages[0]?.entries[7]).toEqual({
      fileId: 'f7',
      dir: 'in',
      name: '#7?',
      type: 'file',
      facts: { size: 1, mtime: 2 },
    })
    expect(await provider.list(space, 'missing', needs(), never)).toBeNull()
    expect(await provider.list(space, 'x/../in', needs(), never)).toBeNull()
    expect(await provider.directoryId(space, 'in/sub', never)).toBe('d')
  })

  it('finds no folder where a file is', async () => {
    const peer = await startProvider('18.02.3', () => ({ json: [{ id: 'f', path: '/Gamma/in' }] }))

    expect(await list(peer, 'in')).toBeNull()
  })
})

it('says that an address without any listing is no provider', async () => {
  const peer = await startProvider('25.0', () => ({ status: 404 }))

  await expect(list(peer, '')).rejects.toMatchObject({ code: 'SOURCE_PROTOCOL' })
})

const noPage: ListedPage = { entries: [], unreadable: [] }

function names(pages: readonly ListedPage[]): string[] {
  return pages.flatMap(({ entries }) => entries.map(({ dir, name }) => (dir === '' ? name : `${dir}/${name}`)))
}

function aKnown(pending: boolean): KnownFile {
  return { size: 1, mtime: 1, pending }
}

function needs(more: Partial<ListOptions['needs']> = {}, known: Record<string, KnownFile> = {}): ListOptions {
  return {
    needs: { holes: false, xattrs: [], ...more },
    known: async (ids) => new Map(ids.flatMap((id) => (known[id] === undefined ? [] : [[id, known[id]]]))),
  }
}

function open(peer: Peer, more: object = {}): Promise<Provider> {
  return openProvider(peer.url, testOptions(peer.url, more), testDeps(), never)
}

async function list(peer: Peer, folder: string): Promise<AsyncIterable<ListedPage> | null> {
  return (await open(peer)).list(space, folder, needs(), never)
}

/** A provider with a folder `in` (id IN), whose listings answer as told. */
function startTree(version: string, listing: (asked: Asked) => Reply): Promise<Peer> {
  return startProvider(version, (asked) => {
    const route = below(asked)
    if (route.startsWith('/lookup-file-id/')) return route.endsWith('/in') ? { json: { fileId: 'IN' } } : enoent
    return listing(asked)
  })
}

/** A 20.02 with these entries in the space's root: a type, or what a read of it gets. Directories are empty. */
function startBare(entries: Readonly<Record<string, string | Reply>>): Promise<Peer> {
  return startProvider('20.02.20', (asked) => {
    const route = below(asked)
    if (route === '/data/s1/children') {
      return { json: { children: Object.keys(entries).map((id) => ({ id, name: id })), isLast: true } }
    }
    if (route.endsWith('/children')) return { json: { children: [], isLast: true } }
    const entry = entries[route.slice('/data/'.length)]
    if (typeof entry !== 'string') return entry
    return { json: { file_id: route.slice('/data/'.length), type: entry, size: 3, mtime: 4 } }
  })
}
