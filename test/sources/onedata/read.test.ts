import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../../src/core/errors.ts'
import type { ReadRequest } from '../../../src/core/source.ts'
import { openProvider } from '../../../src/sources/onedata/connect.ts'
import type { Provider } from '../../../src/sources/onedata/provider.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import {
  below,
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

const attributes = {
  fileId: 'F',
  name: 'b.txt',
  path: '/Gamma/in/b.txt',
  type: 'REG',
  size: 9,
  mtime: 5,
  ctime: 6,
  localReplicationRate: 1,
  originProviderId: 'p1',
}

describe('a fresh look at a file', () => {
  it('tells where it is now, so that a move is noticed', async () => {
    const { provider, peer } = await open('25.0', { '/data/F': { json: { ...attributes, 'xattr.done': 'yes' } } })

    const answers = await provider.read(space, [aRequest({ path: 'old/a.txt', xattrs: ['done'] })], never)

    expect(answers).toEqual([
      {
        kind: 'file',
        fileId: 'F',
        dir: 'in',
        name: 'b.txt',
        facts: { size: 9, mtime: 5, ctime: 6, localRate: 1, atOrigin: true, xattrs: { done: 'yes' } },
        by: 'read',
      },
    ])
    expect(peer.asked.at(-1)?.query.getAll('attributes')).toContain('xattr.done')
  })

  it.each([
    ['one that is deleted', enoent, { kind: 'gone', fileId: 'F', by: 'read' }],
    ['a directory', { json: { ...attributes, type: 'DIR' } }, { kind: 'notAFile', fileId: 'F' }],
    ['a link', { json: { ...attributes, type: 'SYMLNK' } }, { kind: 'notAFile', fileId: 'F' }],
    ['lost rights', eacces, { kind: 'unavailable' }],
    ['a lost membership', refused(403, 'forbidden'), { kind: 'unavailable' }],
    ['a refused token', refused(401, 'unauthorized'), { kind: 'unavailable' }],
    ['an unknown space', refused(400, 'spaceNotSupportedBy'), { kind: 'unavailable' }],
    ['a page of HTML', { status: 200, text: '<html>' }, { kind: 'unavailable' }],
    ['an unknown form', { json: [1] }, { kind: 'unavailable' }],
    ['a route that is missing', { status: 404 }, { kind: 'unavailable' }],
  ] as const)('answers for %s and never rejects', async (_, reply, answer) => {
    const { provider } = await open('25.0', { '/data/F': reply })

    expect(await provider.read(space, [aRequest()], never)).toMatchObject([answer])
  })

  it('leaves a file open when the token cannot be read', async () => {
    const { peer } = await open('25.0', {})
    const lost = () => {
      throw new ConfigError('CONFIG_SECRET_MISSING', 'the file of the token is gone')
    }
    const deps = testDeps({ secret: { get: lost, refresh: lost } })
    const provider = await openProvider(peer.url, testOptions(peer.url), deps, never)
    const requests = [...'ABCDE'].map((fileId) => aRequest({ fileId, path: `in/${fileId}` }))

    const answers = await provider.read(space, requests, never)

    expect(answers).toHaveLength(5)
    expect(answers[0]).toEqual({
      kind: 'unavailable',
      fileId: 'A',
      reason: 'the provider did not tell: the file of the token is gone',
    })
  })

  it('ends when it is aborted', async () => {
    const { provider } = await open('25.0', { '/data/F': 'silence' })
    const abort = new AbortController()

    const reading = provider.read(space, [aRequest()], abort.signal)
    abort.abort(new Error('stop'))

    await expect(reading).rejects.toThrow('stop')
  })

  it('asks 20.02 for everything in one request and tells only the name', async () => {
    const raw = { file_id: 'F', name: 'b.txt', type: 'reg', size: 9, mtime: 5, ctime: 6, provider_id: 'p2' }
    const { provider, peer } = await open('20.02.20', { '/data/F': { json: raw } })

    const answers = await provider.read(space, [aRequest()], never)

    const facts = { size: 9, mtime: 5, ctime: 6, atOrigin: false }
    expect(answers).toEqual([{ kind: 'file', fileId: 'F', dir: null, name: 'b.txt', facts, by: 'read' }])
    expect(`${peer.asked.at(-1)?.query}`).toBe('')
  })

  it('reads by path on 18.02, where another file may have taken the place', async () => {
    const raw = { file_id: 'F', name: 'b.txt', type: 'reg', size: 9, mtime: 5 }
    const { provider } = await open('18.02.3', {
      '/attributes/Gamma/in/b.txt': { json: raw },
      '/attributes/Gamma': { json: { file_id: 'ROOT', type: 'dir' } },
      '/attributes/Gamma/in/c.txt': { status: 404, text: '{"error":"not_found"}' },
    })

    const answers = await provider.read(
      space,
      [
        aRequest({ path: 'in/b.txt' }),
        aRequest({ fileId: 'G', path: 'in/b.txt' }),
        aRequest({ fileId: 'H', path: 'in/c.txt' }),
        aRequest({ fileId: 'I', path: null }),
      ],
      never,
    )

    expect(answers).toMatchObject([
      { kind: 'file', dir: 'in', name: 'b.txt', facts: { size: 9 } },
      { kind: 'gone', fileId: 'G' },
      { kind: 'gone', fileId: 'H' },
      { kind: 'unavailable', fileId: 'I' },
    ])
  })
})

describe('what else is asked about a file', () => {
  it.each([
    ['Processing', true],
    ['Complete', false],
  ])('CDMI says %s', async (completionStatus, cdmiProcessing) => {
    const { provider, peer } = await open('25.0', {
      '/data/F': { json: attributes },
      cdmi: { json: { completionStatus } },
    })

    const [answer] = await provider.read(space, [aRequest({ cdmi: true })], never)

    expect(answer).toMatchObject({ kind: 'file', facts: { size: 9, cdmiProcessing } })
    expect(peer.asked.at(-1)).toMatchObject({
      path: '/cdmi/cdmi_objectid/F',
      headers: { 'x-cdmi-specification-version': '1.1.1' },
    })
    expect([...(peer.asked.at(-1)?.query.keys() ?? [])]).toEqual(['completionStatus'])
  })

  it.each([
    ['a provider without CDMI', { status: 404 }, { kind: 'file' }],
    ['an overloaded one', refused(503, 'serviceUnavailable'), { kind: 'unavailable' }],
    ['a file deleted in between', enoent, { kind: 'gone' }],
    ['an unknown form', { json: {} }, { kind: 'unavailable' }],
  ] as const)('copes with %s', async (_, reply, answer) => {
    const { provider } = await open('25.0', { '/data/F': { json: attributes }, cdmi: reply })

    expect(await provider.read(space, [aRequest({ cdmi: true })], never)).toMatchObject([answer])
  })

  it.each([
    ['21.02.3', '/data/F', '/data/F/metadata/xattrs'],
    ['20.02.20', '/data/F', '/data/F/metadata/xattrs'],
    ['19.02.5', '/metadata-id/attrs/F', '/metadata-id/xattrs/F'],
  ])('%s tells extended attributes by a request of their own', async (version, file, xattrs) => {
    const { provider } = await open(version, {
      [file]: { json: { file_id: 'F', name: 'b.txt', type: 'REG', size: 9 } },
      [xattrs]: { json: { done: { a: 1 }, other: 2 } },
    })

    const [answer] = await provider.read(space, [aRequest({ xattrs: ['done', 'missing'] })], never)

    expect(answer).toMatchObject({ kind: 'file', facts: { xattrs: { done: { a: 1 }, missing: null } } })
  })

  it('leaves a file open whose extended attributes may not be read', async () => {
    const { provider } = await open('20.02.20', {
      '/data/F': { json: { file_id: 'F', name: 'b.txt', type: 'reg', size: 9 } },
      '/data/F/metadata/xattrs': eacces,
    })

    expect(await provider.read(space, [aRequest({ xattrs: ['done'] })], never)).toMatchObject([{ kind: 'unavailable' }])
  })

  it('tells from the distribution whether the others hold what is missing here', async () => {
    const distributionPerProvider = {
      p1: { success: true, distributionPerStorage: { s: { blocks: [[0, 4]] } } },
      p2: { success: true, distributionPerStorage: { s: { blocks: [[4, 5]] } } },
    }
    const { provider } = await open('25.0', {
      '/data/F': { json: attributes },
      '/data/F/distribution': { json: { type: 'REG', distributionPerProvider } },
    })

    const [answer] = await provider.read(space, [aRequest({ distribution: true })], never)

    expect(answer).toMatchObject({ facts: { heldElsewhere: true } })
  })
})

describe('a fresh look at many files', () => {
  it('lists their directory where that takes fewer requests, beginning at the first name', async () => {
    const { provider, peer } = await openDirectory(3_000)
    const requests = Array.from({ length: 1_500 }, (_, i) => aRequest(numbered(i + 1_400)))

    const answers = await provider.read(space, requests, never)

    expect(answers).toHaveLength(1_500)
    expect(new Set(answers.map(({ kind }) => kind))).toEqual(new Set(['file']))
    expect(answers[0]).toMatchObject({ fileId: 'f01400', dir: 'in', name: 'f01400', facts: { size: 1 } })
    const pages = peer.asked.filter((asked) => below(asked).endsWith('/children'))
    expect(pages.map(({ query }) => query.get('index'))).toEqual(['f01400', 'f02400'])
    expect(peer.asked).toHaveLength(1 + 1 + 2)
  })

  it('reads singly what lies far apart, and what the listing lacks', async () => {
    const { provider, peer } = await openDirectory(9_000)
    const requests = [0, 4_000, 8_000, 8_500].map((i) => aRequest(numbered(i)))
    const moved = [
      aRequest({ fileId: 'moved', path: 'in/f08001' }),
      ...[8_002, 8_003, 8_004].map((i) => aRequest(numbered(i))),
    ]

    const apart = await provider.read(space, requests, never)
    const askedApart = peer.asked.splice(0).map(below)
    const near = await provider.read(space, moved, never)

    expect(apart.map(({ kind }) => kind)).toEqual(['file', 'file', 'file', 'file'])
    expect(askedApart.slice(1, 3)).toEqual(['/lookup-file-id/Gamma@s1/in', '/data/IN/children'])
    expect(askedApart).toHaveLength(6)
    expect(near.map(({ kind }) => kind)).toEqual(['gone', 'file', 'file', 'file'])
    // Where the directory is was told a moment ago.
    expect(peer.asked.map(below)).toEqual(['/data/IN/children', '/data/moved'])
  })

  it('asks for little more than the files where their names follow each other', async () => {
    const { provider, peer } = await openDirectory(9_000)
    const requests = Array.from({ length: 50 }, (_, i) => aRequest(numbered(i + 4_000)))

    const answers = await provider.read(space, requests, never)

    expect(answers.map(({ kind }) => kind)).toEqual(Array(50).fill('file'))
    expect(pagesOf(peer)).toEqual([['f04000', '100']])
  })

  it('asks for wide pages where they lie scattered, and keeps to that', async () => {
    const { provider, peer } = await openDirectory(900)
    const requests = Array.from({ length: 20 }, (_, i) => aRequest(numbered(i * 40)))

    const answers = await provider.read(space, requests, never)
    const first = pagesOf(peer)
    peer.asked.splice(0)
    await provider.read(space, requests, never)

    expect(answers.map(({ kind }) => kind)).toEqual(Array(20).fill('file'))
    expect(first).toEqual([
      ['f00000', '40'],
      ['f00040', '1000'],
    ])
    expect(pagesOf(peer)).toEqual([['f00000', '1000']])
    expect(peer.asked).toHaveLength(1)
  })

  it('lists a directory that it knows for two files, and not for one', async () => {
    const { provider, peer } = await openDirectory(9_000)
    const some = (from: number, count: number) => Array.from({ length: count }, (_, i) => aRequest(numbered(i + from)))
    const asksFor = async (requests: readonly ReadRequest[]) => {
      peer.asked.splice(0)
      const answers = await provider.read(space, requests, never)
      expect(answers.map(({ kind }) => kind)).toEqual(requests.map(() => 'file'))
      return peer.asked.map(below)
    }

    expect(await asksFor(some(10, 2))).toEqual(['/data/f00010', '/data/f00011'])
    expect(await asksFor(some(12, 3))).toEqual(['/lookup-file-id/Gamma@s1/in', '/data/IN/children'])
    expect(await asksFor(some(15, 2))).toEqual(['/data/IN/children'])
    expect(pagesOf(peer)).toEqual([['f00015', '8']])
    expect(await asksFor(some(17, 1))).toEqual(['/data/f00017'])
  })

  it('reads a few singly where names do not follow each other', async () => {
    const { provider, peer } = await openDirectory(9_000)
    const apart = [0, 3_000, 6_000].map((i) => aRequest(numbered(i)))
    await provider.read(space, apart, never)
    peer.asked.splice(0)

    const answers = await provider.read(space, apart, never)

    expect(answers.map(({ kind }) => kind)).toEqual(['file', 'file', 'file'])
    expect(peer.asked.map(below)).toEqual(['/data/f00000', '/data/f03000', '/data/f06000'])
  })

  it('looks a directory up anew after a while, and after a listing that failed', async () => {
    const { provider, peer, directory, clock } = await openDirectory(100)
    const requests = Array.from({ length: 10 }, (_, i) => aRequest(numbered(i)))
    const lookUps = () => peer.asked.filter((asked) => below(asked).startsWith('/lookup-file-id/')).length

    await provider.read(space, requests, never)
    await provider.read(space, requests, never)
    expect(lookUps()).toBe(1)
    await clock.advance(2_000)
    await provider.read(space, requests, never)
    expect(lookUps()).toBe(2)
    directory.isMoved = true
    await provider.read(space, requests, never)
    directory.isMoved = false
    await provider.read(space, requests, never)

    expect(lookUps()).toBe(3)
  })

  it('tries one page only where a listing cannot begin at a name', async () => {
    const { provider, peer } = await openDirectory(3_000, '21.02.3')

    const answers = await provider.read(
      space,
      [0, 1, 2_998, 2_999].map((i) => aRequest(numbered(i))),
      never,
    )

    expect(answers.map(({ kind }) => kind)).toEqual(['file', 'file', 'file', 'file'])
    expect(peer.asked.map(below).slice(1)).toEqual([
      '/lookup-file-id/Gamma@s1/in',
      '/data/IN/children',
      '/data/f02998',
      '/data/f02999',
    ])
  })

  it('does not go on asking a provider that answers nobody', async () => {
    const locked = await startProvider('25.0', () => refused(401, 'unauthorized'))
    const provider = await openProvider(locked.url, testOptions(locked.url), testDeps(), never)
    const requests = Array.from({ length: 100 }, (_, i) => aRequest({ ...numbered(i), path: null }))

    const answers = await provider.read(space, requests, never)

    expect(answers.map(({ kind }) => kind)).toEqual(Array(100).fill('unavailable'))
    expect(locked.asked.length).toBeLessThan(50)
  })

  it('is not kept from good files by many bad ones', async () => {
    const { provider } = await openDirectory(100)
    const bad = Array.from({ length: 50 }, () => aRequest({ fileId: 'bad', path: null }))
    const good = Array.from({ length: 50 }, (_, i) => aRequest({ ...numbered(i), path: null }))

    const answers = await provider.read(space, [...bad, ...good], never)

    expect(answers.map(({ kind }) => kind)).toEqual([...Array(50).fill('unavailable'), ...Array(50).fill('file')])
  })

  it('reads singly when the directory cannot be listed', async () => {
    const { provider } = await open('25.0', {
      '/lookup-file-id/Gamma@s1/in': { json: 'strange' },
      '/data/F': { json: attributes },
    })
    const requests = Array.from({ length: 5 }, () => aRequest())

    expect((await provider.read(space, requests, never)).map(({ kind }) => kind)).toEqual(Array(5).fill('file'))
  })
})

function numbered(i: number): { fileId: string; path: string } {
  const name = `f${String(i).padStart(5, '0')}`
  return { fileId: name, path: `in/${name}` }
}

function aRequest(more: Partial<ReadRequest> = {}): ReadRequest {
  return { fileId: 'F', path: 'in/b.txt', xattrs: [], cdmi: false, distribution: false, ...more }
}

async function open(
  version: string,
  answers: Readonly<Record<string, Reply>>,
): Promise<{ provider: Provider; peer: Peer }> {
  const peer = await startProvider(version, (asked) =>
    asked.path.startsWith('/cdmi/') ? answers.cdmi : answers[below(asked)],
  )
  return { peer, provider: await openProvider(peer.url, testOptions(peer.url), testDeps(), never) }
}

/** Where each page began, and how many entries it was asked for. */
function pagesOf(peer: Peer): readonly (readonly (string | null)[])[] {
  const pages = peer.asked.filter((asked) => below(asked).endsWith('/children'))
  return pages.map(({ query }) => [query.get('index'), query.get('limit')])
}

/** A provider with `count` files f00000, f00001... in the folder `in`; time stands still. */
async function openDirectory(count: number, version = '25.0') {
  const directory = { isMoved: false }
  const clock = new FakeClock()
  const ids = Array.from({ length: count }, (_, i) => numbered(i).fileId)
  const file = (id: string) => ({ fileId: id, file_id: id, name: id, path: `/Gamma/in/${id}`, type: 'REG', size: 1 })
  const peer = await startProvider(version, (asked) => {
    const route = below(asked)
    if (route.startsWith('/lookup-file-id/')) return { json: { fileId: 'IN' } }
    if (route === '/data/IN/children' && directory.isMoved) return enoent
    if (route === '/data/IN/children') {
      const from = ids.filter((id) => id >= (asked.query.get('index') ?? ''))
      const page = from.slice(0, Number(asked.query.get('limit')))
      return { json: { children: page.map(file), isLast: page.length === from.length, nextPageToken: 't' } }
    }
    const id = route.slice('/data/'.length)
    if (id === 'bad') return refused(400, 'badValueString')
    return ids.includes(id) ? { json: file(id) } : enoent
  })
  const provider: Provider = await openProvider(peer.url, testOptions(peer.url), testDeps({ clock }), never)
  return { peer, provider, directory, clock }
}
