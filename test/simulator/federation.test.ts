import { describe, expect, it, onTestFinished } from 'vitest'
import { silentLog } from '../../src/lib/log.ts'
import { createFederation } from '../../src/simulator/create-federation.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { quickDelays, seededRandom, startSimulator } from '../support/simulator.ts'
import { openEvents, rest } from './wire.ts'

async function startFederation() {
  const clock = new FakeClock()
  const federation = await createFederation({
    port: 0,
    tls: false,
    spaceName: 'Gamma',
    clock,
    random: seededRandom(1),
    log: silentLog,
    providers: [
      { name: 'Krakow', version: '25.0', delays: quickDelays },
      { name: 'Lisbon', version: '21.02.3', delays: quickDelays },
    ],
  })
  onTestFinished(() => federation.close())
  const [krakow, lisbon] = federation.providers
  if (krakow === undefined || lisbon === undefined) throw new Error('two providers were started')
  return { clock, federation, krakow, lisbon }
}

function inferScope(zone: { readonly url: string }, token: unknown) {
  const ask = rest({ url: zone.url, token: '' })
  return ask('POST', '/api/v3/onezone/tokens/infer_access_token_scope', { token: null, body: { token } })
}

describe('a federation', () => {
  it('leads a token to the providers of its space, and says which are up', async () => {
    const { federation, krakow, lisbon } = await startFederation()
    await lisbon.stop()

    const { json } = await inferScope(federation.zone, krakow.token)

    expect(json).toEqual({
      validUntil: null,
      dataAccessScope: {
        readonly: false,
        spaces: {
          [krakow.space.id]: {
            name: 'Gamma',
            supports: { [krakow.providerId]: { readonly: false }, [lisbon.providerId]: { readonly: false } },
          },
        },
        providers: {
          [krakow.providerId]: { name: 'Krakow', domain: krakow.host, version: '25.0', online: true },
          [lisbon.providerId]: { name: 'Lisbon', domain: lisbon.host, version: '21.02.3', online: false },
        },
      },
    })
  })

  it('has the same files under the same ids everywhere, the bytes where they were written', async () => {
    const { krakow, lisbon } = await startFederation()
    krakow.model.mkdir('in')
    krakow.model.create('in/a', 'hello')
    lisbon.model.create('in/b', 'from lisbon')

    expect(lisbon.model.stat('in/a')).toEqual({ ...krakow.model.stat('in/a'), localRate: 0 })
    expect(krakow.model.stat('in/b')).toMatchObject({ size: 11, localRate: 0 })
    const id = krakow.model.stat('in/a')?.fileId
    expect((await rest(lisbon)('GET', `/data/${id}/content`)).text).toBe('hello')
    const { json } = await rest(lisbon)('GET', `/data/${id}/distribution`)
    expect(json.distributionPerProvider).toMatchObject({
      [krakow.providerId]: { distributionPerStorage: { storage: { blocks: [[0, 5]] } } },
      [lisbon.providerId]: { distributionPerStorage: { storage: { blocks: [] } } },
    })
    krakow.model.remove('in/a')
    expect(lisbon.model.stat('in/a')).toBeNull()
  })

  it('counts changes provider by provider', async () => {
    const { krakow, lisbon } = await startFederation()
    krakow.model.create('a')
    krakow.model.create('b')
    const before = lisbon.model.sequence()

    lisbon.model.chmod('a', 0o600)

    expect(lisbon.model.sequence()).toBeGreaterThan(before)
    expect(krakow.model.sequence()).not.toBe(0)
  })

  it('lets a provider lag behind', async () => {
    const { clock, krakow, lisbon } = await startFederation()
    krakow.model.create('a', 'old')
    await clock.advance(1_000)
    lisbon.sync.lagMs = 30_000

    krakow.model.overwrite('a', 'newer')
    await clock.advance(29_000)
    expect(lisbon.model.stat('a')).toMatchObject({ size: 3 })
    await clock.advance(2_000)

    expect(lisbon.model.stat('a')).toMatchObject({ size: 5, mtime: krakow.model.stat('a')?.mtime })
  })

  it('does not revive a directory that is deleted by what another provider still has to say of it', async () => {
    const { clock, krakow, lisbon } = await startFederation()
    krakow.model.mkdir('d')
    await clock.advance(20_000)
    krakow.sync.lagMs = 30_000
    lisbon.model.setTimes('d', { mtime: 1 })
    await clock.advance(10_000)

    krakow.model.remove('d')
    await clock.advance(60_000)
    krakow.model.mkdir('d')
    krakow.model.create('d/a', 'x')
    await clock.advance(60_000)

    expect(krakow.model.list('')).toEqual(['d'])
    expect(lisbon.model.list('d')).toEqual(['d/a'])
  })

  it('brings a new file with the times that it has, however late', async () => {
    const { clock, krakow, lisbon } = await startFederation()
    lisbon.sync.lagMs = 30_000
    krakow.model.create('a', 'x')

    await clock.advance(31_000)

    expect(lisbon.model.stat('a')).toEqual({ ...krakow.model.stat('a'), localRate: 0 })
  })

  it('shows both files where two providers made one of the same name at the same time', async () => {
    const { clock, krakow, lisbon } = await startFederation()
    krakow.sync.lagMs = 1_000
    lisbon.sync.lagMs = 1_000
    krakow.model.create('a', 'krakow')
    lisbon.model.create('a', 'lisbon')

    await clock.advance(1_000)

    expect(krakow.model.list('')).toEqual(['a', `a@${lisbon.providerId.slice(0, 6)}`])
    const { json } = await rest(krakow)(
      'GET',
      `/data/${krakow.space.id}/children?attributes=name&attributes=conflictingName`,
    )
    expect(json.children).toEqual([
      { name: 'a', conflictingName: null },
      { name: `a@${lisbon.providerId.slice(0, 6)}`, conflictingName: 'a' },
    ])
  })

  it('tells streams the name that was given, not the one that listings show', async () => {
    const { clock, krakow, lisbon } = await startFederation()
    krakow.sync.lagMs = 1_000
    krakow.model.create('a', 'krakow')
    const fileId = lisbon.model.create('b', 'lisbon')
    await clock.advance(1_000)
    const stream = await openEvents(krakow, { directories: [krakow.model.mkdir('')], attributes: ['name'] })

    lisbon.model.move('b', 'c')
    krakow.model.create('c', 'krakow')
    await clock.advance(2_000)

    await stream.until('the rename came', ({ data }) => data?.fileId === fileId)
    expect(krakow.model.pathOf(fileId)).toBe(`c@${lisbon.providerId.slice(0, 6)}`)
    expect(
      stream
        .blocks()
        .filter(({ data }) => data?.fileId === fileId)
        .at(-1)?.data?.attributes,
    ).toEqual({ name: 'c' })
  })

  it('goes on while its zone is down', async () => {
    const { federation, krakow } = await startFederation()

    await federation.zone.stop()

    await expect(inferScope(federation.zone, krakow.token)).rejects.toThrow('ECONNREFUSED')
    expect((await rest(krakow)('GET', '/spaces')).status).toBe(200)
    await federation.zone.start()
    expect((await inferScope(federation.zone, krakow.token)).status).toBe(200)
  })
})

describe('the zone', () => {
  it('tells when a token ends and what limits it', async () => {
    const simulator = await startSimulator()
    simulator.addSpace('Delta')
    const validUntil = 4_000_000_000
    const token = simulator.tokens.issue({ validUntil, readonly: true, paths: [`/${simulator.space.id}/in`] })

    const { json } = await inferScope(simulator, token)

    expect(json).toMatchObject({ validUntil, dataAccessScope: { readonly: true } })
    expect(Object.keys(Object(json.dataAccessScope).spaces)).toEqual([simulator.space.id])
  })

  it('names the error of a bad token itself', async () => {
    const simulator = await startSimulator()
    simulator.tokens.revoke(simulator.token)

    expect(await inferScope(simulator, simulator.token)).toMatchObject({
      status: 400,
      json: { error: { id: 'tokenRevoked' } },
    })
    expect(await inferScope(simulator, 'x')).toMatchObject({ status: 400, json: { error: { id: 'badToken' } } })
    expect(await inferScope(simulator, undefined)).toMatchObject({
      status: 400,
      json: { error: { id: 'missingRequiredValue' } },
    })
  })

  it('answers the older questions too', async () => {
    const simulator = await startSimulator()
    const ask = (path: string) => rest(simulator)('GET', `/api/v3/onezone${path}`)
    const { space, providerId, host } = simulator

    expect((await ask('/user/effective_spaces')).json).toEqual({ spaces: [space.id] })
    expect((await ask(`/user/effective_spaces/${space.id}`)).json).toMatchObject({
      name: 'Gamma',
      providers: { [providerId]: expect.any(Number) },
    })
    expect((await ask(`/spaces/${space.id}/providers`)).json).toEqual({ providers: [providerId] })
    expect((await ask('/user/effective_providers')).json).toEqual({ providers: [providerId] })
    expect((await ask(`/user/effective_providers/${providerId}`)).json).toMatchObject({ domain: host, online: true })
    expect((await ask(`/user/effective_providers/${providerId}/spaces`)).json).toEqual({ spaces: [space.id] })
    expect((await ask('/providers/none')).status).toBe(403)
    expect((await rest(simulator)('GET', '/api/v3/onezone/user', { token: null })).status).toBe(401)
  })
})
