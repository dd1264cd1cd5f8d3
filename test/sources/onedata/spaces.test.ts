import { describe, expect, it } from 'vitest'
import { listSpaces, rankProviders, resolveSpace } from '../../../src/sources/onedata/connect.ts'
import { findSpace } from '../../../src/sources/onedata/spaces.ts'
import { below, never, type Reply, refused, startProvider, testDeps, testOptions } from './peer.ts'

const spaces = [
  { id: 'id-a', name: 'Gamma', providers: null },
  { id: 'id-b', name: 'Twice', providers: null },
  { id: 'id-c', name: 'Twice', providers: null },
  { id: 'id-d', name: 'odd@id-a', providers: null },
  { id: 'Gamma2', name: 'id-b', providers: null },
]

describe('a space is found', () => {
  it.each([
    ['by name', 'Gamma', 'id-a'],
    ['by id, before any name', 'id-b', 'id-b'],
    ['by name and id where names are not unique', 'Twice@id-c', 'id-c'],
    ['by a name with an @ in it', 'odd@id-a', 'id-d'],
    ['by name and id where the name has an @ in it', 'odd@id-a@id-d', 'id-d'],
  ])('%s', (_, wanted, id) => {
    expect(findSpace(spaces, wanted, 'hub').id).toBe(id)
  })

  it('by nothing else, and the way out is told', () => {
    for (const wanted of ['gamma', 'Gamma@id-b', '']) {
      expect(() => findSpace(spaces, wanted, 'hub')).toThrow(/onetrigger list-spaces/)
    }
    expect(() => findSpace(spaces, 'Twice', 'hub')).toThrow(/"Twice@id-b", "Twice@id-c"/)
  })
})

describe('the spaces of a provider', () => {
  it.each([
    ['25.0', [{ spaceId: 's1', name: 'Gamma', dirId: 'D', providers: [{ providerId: 'p1', providerName: 'x' }] }]],
    ['21.02.3', [{ spaceId: 's1', name: 'Gamma', fileId: 'D' }]],
    ['18.02.3', [{ spaceId: 's1', name: 'Gamma' }]],
  ])('are understood from %s', async (version, json) => {
    const peer = await startProvider(version, (asked) =>
      answer(asked, { '/spaces': { json }, '/spaces/s1': { json: {} } }),
    )
    const options = testOptions(peer.url)

    expect(await listSpaces(options, testDeps(), never)).toEqual([{ id: 's1', name: 'Gamma' }])
    expect(await resolveSpace(options, testDeps(), 'Gamma@s1', never)).toMatchObject({ id: 's1', name: 'Gamma' })
    expect(await rankProviders(options, testDeps(), { id: 's1', name: 'Gamma' }, never)).toEqual([peer.url])
  })

  it.each([
    ['another provider supports it (told at once)', { providers: [{ providerId: 'p2' }] }, undefined],
    ['another provider supports it (told when asked)', {}, refused(400, 'spaceNotSupportedBy')],
    ['18.02 does not know it', {}, { status: 404, text: '{"error":"space_not_found"}' }],
  ] as const)('are of no use where %s', async (_, more, detail) => {
    const list = { json: [{ spaceId: 's1', name: 'Gamma', ...more }] }
    const peer = await startProvider('25.0', (asked) =>
      answer(asked, { '/spaces': list, ...(detail === undefined ? {} : { '/spaces/s1': detail }) }),
    )

    const resolving = resolveSpace(testOptions(peer.url), testDeps(), 'Gamma', never)

    await expect(resolving).rejects.toMatchObject({ code: 'SOURCE_SPACE_UNKNOWN' })
  })

  it('are refused to a bad token', async () => {
    const peer = await startProvider('25.0', () => refused(401, 'unauthorized', { authError: { id: 'tokenRevoked' } }))

    const listing = listSpaces(testOptions(peer.url), testDeps(), never)

    await expect(listing).rejects.toMatchObject({ code: 'SOURCE_UNAUTHORIZED' })
    await expect(listing).rejects.toThrow(/401 \(unauthorized tokenRevoked\); put a valid access token/)
  })
})

function answer(asked: Parameters<typeof below>[0], answers: Readonly<Record<string, Reply>>): Reply | undefined {
  return answers[below(asked)]
}
