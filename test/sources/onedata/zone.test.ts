import { describe, expect, it } from 'vitest'
import { type Log, silentLog } from '../../../src/lib/log.ts'
import { Secret } from '../../../src/lib/secret.ts'
import { listSpaces, rankProviders, resolveSpace, watchTokenEnd } from '../../../src/sources/onedata/connect.ts'
import { type OnedataOptions, onedataOptions } from '../../../src/sources/onedata/options.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { waitFor } from '../../support/wait-for.ts'
import { never, type Peer, type Reply, refused, startPeer, testDeps, testToken } from './peer.ts'

const infer = '/api/v3/onezone/tokens/infer_access_token_scope'
const gamma = { id: 's1', name: 'Gamma' }

function scope(validUntil: number | null): Reply {
  const provider = (version: string, online: boolean, domain: string) => ({ name: 'x', domain, version, online })
  return {
    json: {
      validUntil,
      dataAccessScope: {
        readonly: false,
        spaces: {
          s1: { name: 'Gamma', supports: { old: { readonly: false }, off: {}, new: { readonly: true }, same: {} } },
          s2: { name: 'Delta', supports: {} },
        },
        providers: {
          old: provider('21.02.8', true, 'old.example.org'),
          off: provider('25.1', false, 'off.example.org'),
          same: provider('25.0', true, 'same.example.org:8443'),
          new: provider('25.0', true, 'new.example.org'),
          other: provider('26.0', true, 'other.example.org'),
        },
      },
    },
  }
}

describe('a zone', () => {
  it('tells the spaces in one request and keeps the token out of the headers', async () => {
    const zone = await startPeer(({ path }) => (path === infer ? scope(null) : undefined))

    const spaces = await listSpaces(options(zone), testDeps(), never)

    expect(spaces).toEqual([gamma, { id: 's2', name: 'Delta' }])
    expect(zone.asked).toHaveLength(1)
    expect(JSON.parse(zone.asked[0]?.body ?? '')).toEqual({ token: testToken })
    expect(zone.asked[0]?.headers['x-auth-token']).toBeUndefined()
  })

  it('ranks the providers of a space: online, then newest, then always in the same order', async () => {
    const zone = await startPeer(() => scope(null))

    const origins = await rankProviders(options(zone), testDeps(), gamma, never)

    expect(origins).toEqual([
      'http://new.example.org',
      'http://same.example.org:8443',
      'http://old.example.org',
      'http://off.example.org',
    ])
  })

  it('finds spaces by name or id and says where there is none, or nobody supports it', async () => {
    const zone = await startPeer(() => scope(null))

    expect(await resolveSpace(options(zone), testDeps(), 's2', never)).toMatchObject({ id: 's2', name: 'Delta' })
    await expect(resolveSpace(options(zone), testDeps(), 'Epsilon', never)).rejects.toMatchObject({
      code: 'SOURCE_SPACE_UNKNOWN',
    })
    await expect(rankProviders(options(zone), testDeps(), { id: 's2', name: 'Delta' }, never)).rejects.toMatchObject({
      code: 'SOURCE_SPACE_UNKNOWN',
    })
  })

  it.each([
    ['400 badToken', refused(400, 'badToken')],
    ['401 tokenCaveatUnverified', refused(401, 'tokenCaveatUnverified')],
    ['403 forbidden', refused(403, 'forbidden')],
  ])('that refuses the token (%s) is asked once more with the newest one', async (_, refusal) => {
    const zone = await startPeer(({ body }) => (body.includes('new') ? scope(null) : refusal))
    const token = { get: () => new Secret('old'), refresh: () => new Secret('new') }
    const stale = { get: () => new Secret('old'), refresh: () => new Secret('old') }

    expect(await listSpaces(options(zone), testDeps({ secret: token }), never)).toHaveLength(2)
    await expect(listSpaces(options(zone), testDeps({ secret: stale }), never)).rejects.toMatchObject({
      code: 'SOURCE_UNAUTHORIZED',
    })
  })

  it('of before 21.02.4 is asked space by space and provider by provider', async () => {
    const answers: Readonly<Record<string, unknown>> = {
      '/user/effective_spaces': { spaces: ['s1'] },
      '/user/effective_spaces/s1': { spaceId: 's1', name: 'Gamma', providers: { b: 1, a: 2 } },
      '/user/effective_providers/a': { providerId: 'a', name: 'x', domain: 'a.example.org', online: true },
      '/user/effective_providers/b': { providerId: 'b', name: 'x', domain: 'b.example.org', online: true },
    }
    const zone = await startPeer(({ path, headers }) => {
      const json = answers[path.slice('/api/v3/onezone'.length)]
      return json === undefined || headers['x-auth-token'] !== testToken ? undefined : { json }
    })

    const origins = await rankProviders(options(zone), testDeps(), gamma, never)

    expect(origins).toEqual(['http://a.example.org', 'http://b.example.org'])
  })

  it('that answers with something else is no zone', async () => {
    const page = await startPeer(() => ({ status: 200, text: '<html>' }))
    const odd = await startPeer(() => ({ json: { dataAccessScope: [] } }))

    for (const zone of [page, odd]) {
      await expect(listSpaces(options(zone), testDeps(), never)).rejects.toMatchObject({ code: 'SOURCE_PROTOCOL' })
    }
  })
})

describe('the end of a token', () => {
  it('is warned of from a day ahead, and again every six hours', async () => {
    const clock = new FakeClock()
    const validUntilMs = clock.now() + 26 * 3_600_000
    const zone = await startPeer(() => scope(validUntilMs / 1_000))
    const warnings: object[] = []
    const abort = new AbortController()

    const watching = watchTokenEnd(options(zone), testDeps({ clock, log: warningLog(warnings) }), abort.signal)
    await nextTurn(clock)
    const atFirst = warnings.length
    await clock.advance(6 * 3_600_000)
    await nextTurn(clock)
    abort.abort()
    await watching

    expect(atFirst).toBe(0)
    expect(warnings).toEqual([{ source: 'hub', validUntil: new Date(validUntilMs).toISOString() }])
  })

  it('is asked again when the zone did not answer, and not at all without a zone', async () => {
    const clock = new FakeClock()
    const zone = await startPeer((_asked, count) => (count === 1 ? { status: 200, text: '<html>' } : scope(1)))
    const warnings: object[] = []
    const abort = new AbortController()
    const deps = testDeps({ clock, log: warningLog(warnings) })

    const watching = watchTokenEnd(options(zone), deps, abort.signal)
    await nextTurn(clock)
    await clock.advance(6 * 3_600_000)
    await nextTurn(clock)
    abort.abort()
    await watching

    const { zone: _, ...rest } = options(zone)
    await watchTokenEnd({ ...rest, host: zone.url }, deps, never)
    expect(warnings).toHaveLength(1)
    expect(zone.asked).toHaveLength(2)
  })

  /** Waits until the zone has been asked and hours are to pass (a request under way has a time-out, which is sooner). */
  function nextTurn(clock: FakeClock): Promise<unknown> {
    return waitFor('it waits for its next turn', () => (clock.nextAt() ?? 0) - clock.now() > 3_600_000)
  }
})

function warningLog(warnings: object[]): Log {
  return { ...silentLog, warn: (fields) => warnings.push(fields) }
}

function options(zone: Peer): OnedataOptions {
  return onedataOptions.parse({ zone: zone.url, token: { env: 'TOKEN' } })
}
