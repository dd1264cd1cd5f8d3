import { describe, expect, it } from 'vitest'
import { openProvider } from '../../../src/sources/onedata/connect.ts'
import type { Provider } from '../../../src/sources/onedata/provider.ts'
import { below, never, type Reply, refused, startPeer, startProvider, testDeps, testOptions } from './peer.ts'

const missing = refused(400, 'missingRequiredValue', { key: 'observedDirectories' })
const html: Reply = { status: 200, text: '<html>', type: 'text/html' }
const badToken = refused(401, 'unauthorized', { authError: { id: 'tokenInvalid' } })

describe('file events are there', () => {
  it.each([
    ['the route misses the directories', missing, true],
    ['an error of the API comes that is not known', refused(400, 'anything'), true],
    ['the space is not supported', refused(400, 'spaceNotSupportedBy'), true],
    ['the route is unknown (405)', { status: 405 }, false],
    ['the route is unknown (404, HTML)', { status: 404, text: '<html>' }, false],
    ['everything is answered with a page', html, false],
    ['the token is good but not for this', refused(401, 'unauthorized'), false],
  ] as const)('when %s: %s', async (_, reply, answer) => {
    const provider = await open({ events: reply, space: { json: {} } })

    expect(await provider.hasEvents('s1', never)).toBe(answer)
  })

  it('is an open question when the provider does not answer, or the token is bad', async () => {
    const busy = await open({ events: refused(503, 'serviceUnavailable') })
    const locked = await open({ events: badToken, space: badToken })

    await expect(busy.hasEvents('s1', never)).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' })
    await expect(locked.hasEvents('s1', never)).rejects.toMatchObject({ code: 'SOURCE_UNAUTHORIZED' })
  })
})

describe('the changes stream may be read', () => {
  it.each([
    [
      'the body is missed after the rights were checked',
      refused(400, 'badValueEmpty', { key: 'changesSpecification' }),
      true,
    ],
    ['18.02 misses the body', { status: 400, text: '{"error":"error_invalid_changes_req"}' }, true],
    [
      'a stream begins',
      (response: import('node:http').ServerResponse) =>
        response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders(),
      true,
    ],
    ['the privilege is lacking', refused(403, 'forbidden'), false],
    ['a caveat forbids it', refused(401, 'unauthorized', { authError: { id: 'tokenCaveatUnverified' } }), false],
    ['everything is answered with a page', html, false],
    ['the route wants another method', { status: 405 }, false],
  ] as const)('when %s: %s', async (_, reply, answer) => {
    const provider = await open({ changes: reply, space: { json: {} } })

    expect(await provider.hasChanges('s1', never)).toBe(answer)
  })
})

describe('a provider', () => {
  it('tells its own time to the second', async () => {
    const date = 'Wed, 21 Oct 2015 07:28:00 GMT'
    const provider = await open({ date })

    expect(await provider.serverTime(never)).toBe(Date.parse(date))
  })

  it('gives the id of a directory, of the space’s root too, and null for all else', async () => {
    const peer = await startProvider('25.0', (asked) => {
      const route = below(asked)
      if (route.startsWith('/lookup-file-id/Gamma@s1/'))
        return { json: { fileId: route.slice('/lookup-file-id/Gamma@s1/'.length) } }
      if (route === '/data/s1') return { json: { fileId: 'ROOT', type: 'DIR' } }
      if (route === '/data/dir') return { json: { fileId: 'dir', type: 'DIR' } }
      if (route === '/data/file') return { json: { fileId: 'file', type: 'REG' } }
      return refused(400, 'posix', { errno: 'enoent' })
    })
    const provider = await openProvider(peer.url, testOptions(peer.url), testDeps(), never)
    const idOf = (path: string) => provider.directoryId({ id: 's1', name: 'Gamma' }, path, never)

    expect(await Promise.all(['', 'dir', 'file', 'gone', 'dir/..'].map(idOf))).toEqual([
      'ROOT',
      'dir',
      null,
      null,
      null,
    ])
  })

  it.each([
    ['18.02.3', '/attributes/Gamma/in'],
    ['19.02.5', '/metadata/attrs/Gamma/in'],
  ])('%s finds a directory by path', async (version, route) => {
    const peer = await startProvider(version, (asked) =>
      below(asked) === route ? { json: { file_id: 'D', type: 'dir' } } : { status: 404, text: '{"error":"not_found"}' },
    )
    const provider = await openProvider(peer.url, testOptions(peer.url), testDeps(), never)

    expect(await provider.directoryId({ id: 's1', name: 'Gamma' }, 'in', never)).toBe('D')
    expect(await provider.directoryId({ id: 's1', name: 'Gamma' }, 'out', never)).toBeNull()
  })

  it('is not what answers with a page, or without a version', async () => {
    const page = await startPeer(() => html)
    const nameless = await startPeer(() => ({ json: { providerId: 'p1' } }))

    for (const { url } of [page, nameless]) {
      await expect(openProvider(url, testOptions(url), testDeps(), never)).rejects.toMatchObject({
        code: 'SOURCE_PROTOCOL',
      })
    }
  })
})

async function open(answers: { events?: Reply; changes?: Reply; space?: Reply; date?: string }): Promise<Provider> {
  const peer = await startPeer((asked) => {
    const route = below(asked)
    if (route === '/configuration') {
      const text = JSON.stringify({ providerId: 'p1', version: '21.02.8' })
      return { status: 200, text, ...(answers.date === undefined ? {} : { headers: { date: answers.date } }) }
    }
    if (route === '/spaces/s1/events/files') return answers.events
    if (route === '/changes/metadata/s1') return answers.changes
    return route === '/spaces/s1' ? answers.space : undefined
  })
  return openProvider(peer.url, testOptions(peer.url), testDeps(), never)
}
