import { describe, expect, it } from 'vitest'
import type { ReadRequest } from '../../../src/core/source.ts'
import { fixedSecret } from '../../../src/lib/secret.ts'
import type { Simulator } from '../../../src/simulator/create-simulator.ts'
import { providerVersions } from '../../../src/simulator/simulator.ts'
import type { SourceDeps } from '../../../src/sources/define.ts'
import { listSpaces, openProvider, rankProviders, resolveSpace } from '../../../src/sources/onedata/connect.ts'
import { onedataOptions } from '../../../src/sources/onedata/options.ts'
import type { ListedEntry, ListOptions, Provider } from '../../../src/sources/onedata/provider.ts'
import { startSimulator } from '../../support/simulator.ts'
import { collect, never, testDeps, testOptions } from './peer.ts'

const oddNames = [
  '#',
  '?',
  '%41',
  ' a b ',
  `'"`,
  '🎬',
  '-rf',
  'é',
  'e\u0301',
  '...',
  'A',
  'a',
  'a+b&c=d;@',
  'x'.repeat(255),
]

describe.each(providerVersions)('a provider of %s', (version) => {
  it('lists a tree with names of any kind, and gives a fresh look at each file', async () => {
    const simulator = await startSimulator({ version })
    simulator.model.mkdir('in/sub dir#/empty')
    const ids = oddNames.flatMap((name, size) =>
      ['in', 'in/sub dir#'].map((dir) => [`${dir}/${name}`, simulator.model.create(`${dir}/${name}`, size)] as const),
    )
    simulator.model.create('outside', 1)
    const provider = await open(simulator)

    const entries = await list(provider, simulator, 'in')
    const answers = await provider.read(
      simulator.space,
      ids.map(([path, fileId]) => aRequest(fileId, path)),
      never,
    )

    const files = entries.filter(({ type }) => type === 'file')
    expect(new Map(files.map(({ fileId, dir, name }) => [`${dir}/${name}`, fileId]))).toEqual(new Map(ids))
    expect(pathsOf(entries, 'directory')).toEqual(['in/sub dir#', 'in/sub dir#/empty'])
    expect(files.find(({ name }) => name === '🎬')?.facts).toMatchObject(factsOf(simulator, 'in/🎬'))
    expect(answers.map((answer) => answer.kind === 'file' && answer.name)).toEqual(
      ids.map(([path]) => path.split('/').at(-1)),
    )
    expect(answers.map((answer) => answer.kind === 'file' && answer.facts.size)).toEqual(
      ids.map(([path]) => simulator.model.stat(path)?.size),
    )
  })

  it('knows what is gone, what is no file, and where there is no folder', async () => {
    const simulator = await startSimulator({ version })
    const folder = simulator.model.mkdir('in')
    const link = simulator.model.symlink('in/link', 'elsewhere')
    const gone = simulator.model.create('in/gone', 1)
    simulator.model.remove('in/gone')
    const provider = await open(simulator)

    const requests = [aRequest(folder, 'in'), aRequest(link, 'in/link'), aRequest(gone, 'in/gone')]
    const answers = await provider.read(simulator.space, requests, never)

    expect(answers.map(({ kind }) => kind)).toEqual(['notAFile', 'notAFile', 'gone'])
    expect(await provider.list(simulator.space, 'missing', needs(), never)).toBeNull()
    expect(await provider.list(simulator.space, 'missing/deeper', needs(), never)).toBeNull()
    expect(await provider.directoryId(simulator.space, 'missing', never)).toBeNull()
    expect(await provider.directoryId(simulator.space, 'in', never)).toBe(folder)
    expect(pathsOf(await list(provider, simulator, ''), 'other')).toEqual(['in/link'])
  })

  it('lists more than a page holds', async () => {
    const simulator = await startSimulator({ version })
    simulator.model.mkdir('in')
    for (let i = 0; i < 1_050; i++) simulator.model.create(`in/f${i}`, i)
    const provider = await open(simulator)

    const entries = await list(provider, simulator, 'in')

    expect(new Set(entries.map(({ name }) => name)).size).toBe(1_050)
    expect(entries).toHaveLength(1_050)
  })

  it('tells one directory by itself, and what may not be read', async () => {
    const simulator = await startSimulator({ version })
    const folder = simulator.model.mkdir('in')
    simulator.model.mkdir('in/sub')
    simulator.model.mkdir('in/closed')
    simulator.model.create('in/sub/deep', 1)
    simulator.model.create('in/a', 1)
    simulator.model.create('in/closed/b', 1)
    const provider = await open(simulator)
    const directory = { fileId: folder, path: 'in' }

    const [children] = await collect(provider.listDirectory(simulator.space, directory, needs(), never))
    simulator.faults.loseRights('in/closed')
    const pages = await collect(await provider.list(simulator.space, '', needs(), never))

    expect(children?.entries.map(({ name }) => name).toSorted()).toEqual(['a', 'closed', 'sub'])
    expect(pages.flatMap(({ unreadable }) => unreadable)).toEqual(['in/closed'])
    expect(pages.flatMap(({ entries }) => entries.map(({ name }) => name))).toEqual(
      expect.arrayContaining(['a', 'deep']),
    )
  })

  it('finds the space by name, id and both, and tells the others', async () => {
    const simulator = await startSimulator({ version })
    const other = simulator.addSpace('Delta', { supported: false })
    const deps = depsOf(simulator)
    const options = testOptions(simulator.url)
    const { id, name } = simulator.space

    for (const wanted of [id, name, `${name}@${id}`]) {
      expect(await resolveSpace(options, deps, wanted, never)).toMatchObject({
        id,
        name,
        providers: [expect.any(String)],
      })
    }
    expect(await listSpaces(options, deps, never)).toEqual([
      { id, name },
      { id: other.id, name: other.name },
    ])
    await expect(resolveSpace(options, deps, 'Delta', never)).rejects.toMatchObject({ code: 'SOURCE_SPACE_UNKNOWN' })
  })

  it('is probed for its ways of watching, with the rights of the token', async () => {
    const simulator = await startSimulator({ version })
    const member = await open(simulator, simulator.tokens.issue({ changesStream: false }))
    const owner = await open(simulator)
    const { id } = simulator.space

    expect(await owner.hasEvents(id, never)).toBe(version === '25.0')
    expect(await owner.hasChanges(id, never)).toBe(true)
    // 18.02 asks for membership only.
    expect(await member.hasChanges(id, never)).toBe(version === '18.02')
    expect(simulator.faults.openStreams).toBe(0)
  })

  it('refuses a token that was revoked, and tells its time', async () => {
    const simulator = await startSimulator({ version })
    const provider = await open(simulator)
    simulator.tokens.revoke(simulator.token)

    await expect(provider.hasChanges(simulator.space.id, never)).rejects.toMatchObject({ code: 'SOURCE_UNAUTHORIZED' })
    await expect(provider.list(simulator.space, '', needs(), never)).rejects.toMatchObject({
      code: 'SOURCE_UNAUTHORIZED',
    })
    expect(Math.abs(((await provider.serverTime(never)) ?? 0) - Date.now())).toBeLessThan(5_000)
  })

  it('tells extended attributes with a fresh look', async () => {
    const simulator = await startSimulator({ version })
    const id = simulator.model.create('a', 1)
    simulator.model.setXattr('a', 'done', 'yes')
    const provider = await open(simulator)

    const [answer] = await provider.read(simulator.space, [{ ...aRequest(id, 'a'), xattrs: ['done', 'none'] }], never)

    expect(answer).toMatchObject({ kind: 'file', facts: { xattrs: { done: 'yes', none: null } } })
  })
})

describe.each(['21.02.8', '25.0'] as const)('a provider of %s', (version) => {
  it('tells holes, CDMI’s word and who holds the rest', async () => {
    const simulator = await startSimulator({ version })
    const sparse = simulator.model.create('sparse')
    simulator.model.write('sparse', 'end', 97)
    const evicted = simulator.model.create('evicted', 10)
    simulator.model.evict('evicted')
    simulator.model.setProcessing('evicted', true)
    const provider = await open(simulator)
    const all = (fileId: string, path: string) => ({ ...aRequest(fileId, path), cdmi: true, distribution: true })

    const answers = await provider.read(simulator.space, [all(sparse, 'sparse'), all(evicted, 'evicted')], never)

    expect(answers).toMatchObject([
      { facts: { localRate: 0.03, atOrigin: true, cdmiProcessing: false, heldElsewhere: false } },
      { facts: { localRate: 0, atOrigin: true, cdmiProcessing: true, heldElsewhere: true } },
    ])
  })

  it('lists holes and extended attributes where they are looked at', async () => {
    const simulator = await startSimulator({ version })
    simulator.model.create('a', 10)
    simulator.model.setXattr('a', 'done', 1)
    const provider = await open(simulator)

    const [entry] = await list(provider, simulator, '', { holes: true, xattrs: ['done', 'none'] })

    expect(entry?.facts).toMatchObject({ size: 10, localRate: 1, atOrigin: true, xattrs: { done: 1, none: null } })
  })

  it('shows a move, and answers for a whole directory with one listing', async () => {
    const simulator = await startSimulator({ version })
    simulator.model.mkdir('in')
    simulator.model.mkdir('out')
    const ids = Array.from({ length: 200 }, (_, i) => simulator.model.create(`in/f${String(i).padStart(3, '0')}`, i))
    simulator.model.move('in/f007', 'out/moved')
    const provider = await open(simulator)

    const before = simulator.requests.total
    const answers = await provider.read(
      simulator.space,
      ids.map((id, i) => aRequest(id, `in/f${String(i).padStart(3, '0')}`)),
      never,
    )

    expect(answers.map((answer) => answer.kind === 'file' && answer.facts.size)).toEqual(ids.map((_, i) => i))
    expect(answers[7]).toMatchObject({ dir: 'out', name: 'moved' })
    expect(simulator.requests.total - before).toBe(3)
  })

  it('serves a token that is limited to a folder, by listing only', async () => {
    const simulator = await startSimulator({ version })
    simulator.model.mkdir('in')
    simulator.model.mkdir('other')
    const id = simulator.model.create('in/a', 1)
    simulator.model.create('other/b', 1)
    const limited = simulator.tokens.issue({ readonly: true, paths: [`/${simulator.space.id}/in`] })
    const provider = await open(simulator, limited)

    expect(pathsOf(await list(provider, simulator, 'in'), 'file')).toEqual(['in/a'])
    expect(await provider.read(simulator.space, [aRequest(id, 'in/a')], never)).toMatchObject([{ kind: 'file' }])
    expect(await provider.hasChanges(simulator.space.id, never)).toBe(false)
    expect(await provider.hasEvents(simulator.space.id, never)).toBe(version === '25.0')
    expect(await provider.directoryId(simulator.space, 'in', never)).not.toBeNull()
  })

  it('pages on where pages are shorter than asked for', async () => {
    const simulator = await startSimulator({ version })
    for (let i = 0; i < 30; i++) simulator.model.create(`f${i}`, i)
    simulator.faults.shortPages = true
    const provider = await open(simulator)

    expect(await list(provider, simulator, '')).toHaveLength(30)
  })
})

describe('a provider that fails', () => {
  it('is asked again after a reset, an overload and a page of HTML in front of it', async () => {
    const simulator = await startSimulator()
    simulator.model.create('a', 1)
    const provider = await open(simulator)

    for (const fault of [{ kind: 'reset' }, { kind: 'error', status: 503 }, { kind: 'html', status: 502 }] as const) {
      simulator.faults.http(fault, { count: 1 })
      expect(await list(provider, simulator, '')).toHaveLength(1)
    }
    simulator.faults.http({ kind: 'html', status: 200 }, { count: 1 })
    await expect(list(provider, simulator, '')).rejects.toMatchObject({ code: 'SOURCE_PROTOCOL' })
  })

  it('is reached again when it comes back', async () => {
    const simulator = await startSimulator()
    const provider = await open(simulator)

    await simulator.stop()
    await expect(list(provider, simulator, '')).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' })
    await simulator.start()

    expect(await list(provider, simulator, '')).toEqual([])
  })
})

it('a zone leads to the provider of a space', async () => {
  const simulator = await startSimulator()
  const options = onedataOptions.parse({ zone: simulator.url, token: { env: 'TOKEN' } })
  const deps = depsOf(simulator)

  const space = await resolveSpace(options, deps, simulator.space.name, never)
  const [origin = ''] = await rankProviders(options, deps, space, never)
  const provider = await openProvider(origin, options, deps, never)

  expect(space).toMatchObject(simulator.space)
  expect(provider.id).toBe(simulator.providerId)
})

it('a provider with a certificate of its own is trusted by that', async () => {
  const simulator = await startSimulator({ tls: true })
  const options = testOptions(simulator.host, { ca: simulator.caFile ?? '' })

  expect(await listSpaces(options, depsOf(simulator), never)).toEqual([simulator.space])
})

function open(simulator: Simulator, token = simulator.token): Promise<Provider> {
  return openProvider(simulator.url, testOptions(simulator.url), depsOf(simulator, token), never)
}

function depsOf(simulator: Simulator, token = simulator.token): SourceDeps {
  return testDeps({ secret: fixedSecret(token) })
}

function needs(more: Partial<ListOptions['needs']> = {}): ListOptions {
  return { needs: { holes: false, xattrs: [], ...more }, known: async () => new Map() }
}

async function list(
  provider: Provider,
  simulator: Simulator,
  folder: string,
  more: Partial<ListOptions['needs']> = {},
): Promise<readonly ListedEntry[]> {
  const pages = await collect(await provider.list(simulator.space, folder, needs(more), never))
  return pages.flatMap(({ entries }) => entries)
}

function pathsOf(entries: readonly ListedEntry[], type: ListedEntry['type']): string[] {
  return entries.filter((entry) => entry.type === type).map(({ dir, name }) => (dir === '' ? name : `${dir}/${name}`))
}

function aRequest(fileId: string, path: string): ReadRequest {
  return { fileId, path, xattrs: [], cdmi: false, distribution: false }
}

function factsOf(simulator: Simulator, path: string) {
  const stat = simulator.model.stat(path)
  return { size: stat?.size, mtime: stat?.mtime, ctime: stat?.ctime }
}
