import { describe, expect, it } from 'vitest'
import { FakeClock } from '../support/fake-clock.ts'
import { startSimulator } from '../support/simulator.ts'
import { rest } from './wire.ts'

describe('tokens', () => {
  it.each([
    ['none', null, undefined],
    ['nonsense', 'nonsense', 'badToken'],
  ])('%s is refused', async (_name, token, id) => {
    const simulator = await startSimulator({ version: '21.02.8' })

    const reply = await rest(simulator)('GET', '/spaces', { token })

    const details = id === undefined ? {} : { details: { authError: expect.objectContaining({ id }) } }
    expect(reply).toMatchObject({ status: 401, json: { error: { id: 'unauthorized', ...details } } })
  })

  it('go along in any of three headers', async () => {
    const simulator = await startSimulator()
    const { token } = simulator

    for (const headers of [{ 'x-auth-token': token }, { authorization: `Bearer ${token}` }, { macaroon: token }]) {
      expect((await rest(simulator)('GET', '/spaces', { token: null, headers })).status).toBe(200)
    }
  })

  it('are still believed for a while after they were revoked or have ended', async () => {
    const clock = new FakeClock()
    const simulator = await startSimulator({ clock, delays: { authCacheMs: 10_000 } })
    const ending = simulator.tokens.issue({ validUntil: clock.now() / 1_000 + 5 })
    const ask = rest(simulator)
    const problem = async (token: string) => (await ask('GET', '/spaces', { token })).json.error
    expect(await problem(simulator.token)).toBeUndefined()
    expect(await problem(ending)).toBeUndefined()

    simulator.tokens.revoke(simulator.token)
    await clock.advance(9_000)
    expect(await problem(simulator.token)).toBeUndefined()
    await clock.advance(1_000)

    const authError = (id: string) =>
      expect.objectContaining({ details: { authError: expect.objectContaining({ id }) } })
    expect(await problem(simulator.token)).toEqual(authError('tokenRevoked'))
    expect(await problem(ending)).toEqual(authError('tokenCaveatUnverified'))
    simulator.tokens.restore(simulator.token)
    await clock.advance(10_000)
    expect(await problem(simulator.token)).toBeUndefined()
  })

  it('that are not valid any more say so', async () => {
    const simulator = await startSimulator()
    simulator.tokens.invalidate(simulator.token)

    const { json } = await rest(simulator)('GET', '/spaces')

    expect(json.error).toMatchObject({ details: { authError: { id: 'tokenInvalid' } } })
  })

  it('of strangers see no space', async () => {
    const simulator = await startSimulator()
    const token = simulator.tokens.issue({ member: false })
    const ask = rest(simulator)

    expect((await ask('GET', '/spaces', { token })).json).toEqual([])
    expect(await ask('GET', `/data/${simulator.space.id}`, { token })).toMatchObject({
      status: 403,
      json: { error: { id: 'forbidden' } },
    })
  })
})

describe('a token limited to a path', () => {
  async function limited() {
    const simulator = await startSimulator()
    const { model, space } = simulator
    for (const dir of ['outer/in', 'outer/other', 'elsewhere']) model.mkdir(dir)
    for (const file of ['outer/in/a', 'outer/other/b', 'outer/c', 'elsewhere/d']) model.create(file, 'x')
    return { simulator, model, token: simulator.tokens.issue({ paths: [`/${space.id}/outer/in`] }) }
  }

  it('lists above it only what leads there', async () => {
    const { simulator, token } = await limited()
    const ask = rest(simulator)

    const { json } = await ask('GET', `/data/${simulator.space.id}/children?attributes=name`, { token })
    const tree = await ask('GET', `/data/${simulator.space.id}/files?attributes=path`, { token })

    expect(json.children).toEqual([{ name: 'outer' }])
    expect(tree.json.files).toEqual([{ path: 'outer/in/a' }])
  })

  it('reads inside it and nowhere else', async () => {
    const { simulator, model, token } = await limited()
    const ask = rest(simulator)
    const read = async (path: string) =>
      (await ask('GET', `/data/${model.stat(path)?.fileId}/content`, { token })).status

    expect(await read('outer/in/a')).toBe(200)
    expect(await read('outer/other/b')).toBe(400)
    expect(await ask('POST', '/lookup-file-id/Gamma/outer/in', { token })).toMatchObject({ status: 200 })
    expect(await ask('POST', '/lookup-file-id/Gamma/elsewhere/d', { token })).toMatchObject({
      status: 400,
      json: { error: { details: { errno: 'eacces' } } },
    })
  })

  it('sees the space itself, and no other one', async () => {
    const { simulator, token } = await limited()
    simulator.addSpace('Delta')

    const { text } = await rest(simulator)('GET', '/spaces', { token })

    expect(JSON.parse(text)).toMatchObject([{ name: 'Gamma' }])
  })
})

describe('a token that may only read', () => {
  it('may not write', async () => {
    const simulator = await startSimulator()
    const id = simulator.model.create('a', 'x')
    const token = simulator.tokens.issue({ readonly: true })
    const ask = rest(simulator)

    expect((await ask('GET', `/data/${id}/content`, { token })).status).toBe(200)
    for (const [method, path] of [
      ['PUT', `/data/${id}/content`],
      ['POST', `/data/${simulator.space.id}/children?name=b`],
      ['DELETE', `/data/${id}`],
      ['PUT', '/cdmi/Gamma/c'],
    ] as const) {
      expect(await ask(method, path, { token })).toMatchObject({
        status: 400,
        json: { error: { details: { errno: 'eacces' } } },
      })
    }
  })
})

describe('a token limited to an object', () => {
  it('reaches it and what leads there', async () => {
    const simulator = await startSimulator()
    const { model } = simulator
    const dir = model.mkdir('in')
    const id = model.create('in/a', 'x')
    const other = model.create('b', 'x')
    const token = simulator.tokens.issue({ objectIds: [dir] })
    const ask = rest(simulator)

    expect((await ask('GET', `/data/${id}`, { token })).status).toBe(200)
    expect((await ask('GET', `/data/${simulator.space.id}/children`, { token })).json.children).toMatchObject([
      { name: 'in' },
    ])
    expect((await ask('GET', `/data/${other}`, { token })).status).toBe(400)
  })
})

describe('lookup of a path', () => {
  it('tells spaces of the same name apart by their id', async () => {
    const simulator = await startSimulator()
    const twin = simulator.addSpace('Gamma')
    const id = twin.model?.create('a')
    const ask = rest(simulator)

    expect((await ask('POST', `/lookup-file-id/Gamma@${twin.id}/a`)).json).toEqual({ fileId: id })
    expect((await ask('POST', '/lookup-file-id/Gamma/a')).status).toBe(400)
  })

  it('says which provider does not support a space', async () => {
    const simulator = await startSimulator()
    const far = simulator.addSpace('Far', { supported: false })
    const ask = rest(simulator)

    for (const reply of [await ask('POST', '/lookup-file-id/Far/a'), await ask('GET', `/spaces/${far.id}`)]) {
      expect(reply).toMatchObject({
        status: 400,
        json: { error: { id: 'spaceNotSupportedBy', details: { spaceId: far.id, providerId: simulator.providerId } } },
      })
    }
  })

  it.each(['a#b?c%41 d', '😀', '-x', 'q\'u"o', 'x'.repeat(255)])('takes the name %j', async (name) => {
    const simulator = await startSimulator()
    const id = simulator.model.create(name)

    const { json } = await rest(simulator)('POST', `/lookup-file-id/Gamma/${encodeURIComponent(name)}`)

    expect(json).toEqual({ fileId: id })
  })
})
