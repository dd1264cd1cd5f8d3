import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { Secret, type SecretSource } from '../../../src/lib/secret.ts'
import { type Client, createClient } from '../../../src/sources/onedata/client.ts'
import { sockets } from '../../../src/sources/onedata/sockets.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { waitFor } from '../../support/wait-for.ts'
import { api, never, type Peer, refused, startPeer, type TestDeps, testDeps, testToken } from './peer.ts'

const odd = ['#', '?', '%41', ' a b ', `'"`, '🎬', '-rf', 'é', 'e\u0301', '..a', 'a+b&c=d;', '\\', 'ü'.repeat(127)]

describe('the client of a provider', () => {
  it('carries names of any kind to the provider unchanged', async () => {
    const peer = await startPeer(() => ({ json: {} }))
    const client = aClient(peer)

    for (const name of odd) {
      await client.ask(
        { route: 'GET /files/{path}', params: { path: ['Space', name] }, query: [['index', name]] },
        never,
      )
    }

    expect(peer.asked.map(({ path }) => decodeURIComponent(path.split('/').at(-1) ?? ''))).toEqual(odd)
    expect(peer.asked.map(({ query }) => query.get('index'))).toEqual(odd)
  })

  it('replaces half of a surrogate pair, which no URL can carry', async () => {
    const peer = await startPeer(() => ({ json: {} }))

    const answer = await aClient(peer).ask({ route: 'GET /data/{id}', params: { id: 'a\ud83d' } }, never)

    expect(answer.kind).toBe('ok')
    expect(peer.asked[0]?.path).toBe(`${api}/data/a%EF%BF%BD`)
  })

  it.each([
    ['HTML where JSON is due', { status: 200, text: '<html>', type: 'text/html' }, 'protocol'],
    ['an empty success', { status: 200 }, 'protocol'],
    ['a redirect', { status: 302, headers: { location: 'http://127.0.0.1:1/' } }, 'protocol'],
    ['an unknown route (GET)', { status: 404, text: '<html>not found</html>', type: 'text/html' }, 'noRoute'],
    ['an unknown route (POST)', { status: 405 }, 'noRoute'],
    ['a deleted file', refused(400, 'posix', { errno: 'enoent' }), 'notFound'],
    ['a file below a file', refused(400, 'posix', { errno: 'enotdir' }), 'notFound'],
    ['rights that are lacking', refused(400, 'posix', { errno: 'eacces' }), 'noAccess'],
    ['another POSIX error', refused(400, 'posix', { errno: 'einval' }), 'invalid'],
    ['a space that is not supported', refused(400, 'spaceNotSupportedBy', { spaceId: 's' }), 'spaceUnknown'],
    ['a stranger', refused(403, 'forbidden'), 'forbidden'],
    [
      '25.0 with its context',
      { status: 403, json: { error: { id: 'forbidden', ctx: { line: 1 }, details: null } } },
      'forbidden',
    ],
    ['a deleted file on 18.02', { status: 404, text: '{"error":"not_found","error_description":"x"}' }, 'notFound'],
    ['a lack of rights on 18.02', { status: 403, text: '{"error":"permission_denied"}' }, 'noAccess'],
    ['an unknown space on 18.02', { status: 404, text: '{"error":"space_not_found"}' }, 'spaceUnknown'],
    ['a 404 that a proxy made in JSON', { status: 404, text: '{"error":"Not Found"}' }, 'invalid'],
    ['an error whose id is no text', { status: 400, json: { error: { id: 7 } } }, 'invalid'],
  ] as const)('sorts %s', async (_, reply, kind) => {
    const peer = await startPeer(() => reply)

    const answer = await aClient(peer).ask({ route: 'GET /data/{id}', params: { id: 'x' } }, never)

    expect(answer.kind).toBe(kind)
    expect(peer.asked).toHaveLength(1)
  })

  it.each([
    ['an overloaded provider', refused(503, 'serviceUnavailable')],
    ['a broken gateway', { status: 502, text: '<html>' }],
    ['a file that is busy', refused(400, 'posix', { errno: 'eagain' })],
    ['a reset', 'reset'],
    [
      'an answer cut short',
      (response: import('node:http').ServerResponse) => {
        response.writeHead(200, { 'content-length': '100' })
        response.write('{', () => response.socket?.resetAndDestroy())
      },
    ],
  ] as const)('asks again after %s, twice at most', async (_, reply) => {
    const recovering = await startPeer((_asked, count) => (count < 3 ? reply : { json: { fine: true } }))
    const failing = await startPeer(() => reply)
    const clock = new FakeClock()

    const good = aClient(recovering, testDeps({ clock })).ask({ route: 'GET /spaces' }, never)
    const bad = aClient(failing, testDeps({ clock })).ask({ route: 'GET /spaces' }, never)
    const answers = await whileAdvancing(clock, Promise.all([good, bad]))

    expect(answers).toMatchObject([{ kind: 'ok', body: { fine: true } }, { kind: 'unavailable' }])
    expect(failing.asked).toHaveLength(3)
  })

  it('gives up on a provider that never answers, without asking again', async () => {
    const peer = await startPeer(() => 'silence')
    const clock = new FakeClock()

    const pending = aClient(peer, testDeps({ clock })).ask({ route: 'GET /spaces' }, never)
    await waitFor('the request is there', () => peer.asked.length === 1)
    await clock.advance(60_000)

    expect(await pending).toMatchObject({ kind: 'unavailable', reason: 'it did not answer within 60 s' })
    expect(peer.asked).toHaveLength(1)
  })

  it('gives up on a body that never ends', async () => {
    const peer = await startPeer(() => (response) => response.writeHead(200).write('{'))
    const clock = new FakeClock()

    const pending = aClient(peer, testDeps({ clock })).ask({ route: 'GET /spaces' }, never)
    await waitFor('the request is there', () => peer.asked.length === 1)
    await new Promise((resolve) => setImmediate(resolve))
    await clock.advance(60_000)

    expect(await pending).toMatchObject({ kind: 'unavailable' })
  })

  it('refuses a body beyond its bound instead of holding it', async () => {
    const peer = await startPeer(() => (response) => {
      response.on('error', () => {})
      const more = () => {
        while (response.write('x'.repeat(65_536)));
      }
      response.on('drain', more)
      more()
    })

    const answer = await aClient(peer).ask({ route: 'GET /spaces', maxBytes: 1_000_000 }, never)

    expect(answer).toMatchObject({ kind: 'protocol', reason: 'its answer is longer than 1000000 bytes' })
  })

  it('reads the token again after a 401 and asks once more', async () => {
    const peer = await startPeer(({ headers }) =>
      headers['x-auth-token'] === 'new' ? { json: [] } : refused(401, 'unauthorized'),
    )
    const client = aClient(peer, testDeps(), tokens('old', 'new'))

    const answer = await client.ask({ route: 'GET /spaces' }, never)

    expect(answer.kind).toBe('ok')
    expect(peer.asked.map(({ headers }) => headers['x-auth-token'])).toEqual(['old', 'new'])
  })

  it('says so when the new token is refused too', async () => {
    const peer = await startPeer(() => refused(401, 'unauthorized'))

    const demanded = aClient(peer).demand({ route: 'GET /spaces' }, never)

    await expect(demanded).rejects.toMatchObject({ code: 'SOURCE_UNAUTHORIZED', details: { status: 401 } })
    expect(peer.asked).toHaveLength(2)
  })

  it('never shows the token, whatever goes wrong', async () => {
    const replies = [
      refused(401, 'unauthorized'),
      { status: 200, text: 'no JSON' },
      'reset',
      refused(403, 'forbidden'),
    ] as const
    const errors: unknown[] = []

    for (const reply of replies) {
      const peer = await startPeer(() => reply)
      const clock = new FakeClock()
      const client = aClient(peer, testDeps({ clock }))
      errors.push(
        await whileAdvancing(
          clock,
          client.demand({ route: 'GET /spaces' }, never).catch((error) => error),
        ),
      )
    }

    expect(errors.every((error) => error instanceof Error)).toBe(true)
    expect(inspect(errors, { depth: 20, showHidden: true })).not.toContain(testToken)
    expect(JSON.stringify(errors)).not.toContain(testToken)
  })

  it('sends no token on public routes', async () => {
    const peer = await startPeer(() => ({ json: {} }))

    await aClient(peer).ask({ route: 'GET /configuration', auth: 'none' }, never)

    expect(peer.asked[0]?.headers['x-auth-token']).toBeUndefined()
  })

  it('counts each request by its template and status', async () => {
    const peer = await startPeer((_asked, count) => (count === 1 ? 'reset' : { json: {} }))
    const deps = testDeps()

    await aClient(peer, deps).ask({ route: 'GET /data/{id}', params: { id: 'secret-name' } }, never)

    expect(deps.calls).toEqual([
      ['GET /data/{id}', 'error'],
      ['GET /data/{id}', 200],
    ])
  })

  it('ends at once when it is aborted, in flight and between attempts', async () => {
    const silent = await startPeer(() => 'silence')
    const busy = await startPeer(() => refused(503, 'timeout'))
    const abort = new AbortController()
    const clock = new FakeClock()

    const inFlight = aClient(silent)
      .ask({ route: 'GET /spaces' }, abort.signal)
      .catch((error) => error)
    const waiting = aClient(busy, testDeps({ clock }))
      .ask({ route: 'GET /spaces' }, abort.signal)
      .catch((error) => error)
    await waitFor(
      'both are asked',
      () => silent.asked.length === 1 && busy.asked.length === 1 && clock.nextAt() !== null,
    )
    abort.abort(new Error('stop'))

    expect(await inFlight).toMatchObject({ message: 'stop' })
    expect(await waiting).toMatchObject({ message: 'stop' })
  })

  it('tells why there is no connection', async () => {
    const clock = new FakeClock()
    const client = aClient({ url: 'http://127.0.0.1:1', asked: [] }, testDeps({ clock }))

    const answer = await whileAdvancing(clock, client.ask({ route: 'GET /spaces' }, never))

    expect(answer).toMatchObject({ kind: 'unavailable', reason: 'the connection failed (ECONNREFUSED)' })
  })

  it('reads no body where the status is all it wants', async () => {
    const peer = await startPeer(
      () => (response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders(),
    )

    const answer = await aClient(peer).ask({ route: 'POST /stream', body: {}, statusOnly: true }, never)

    expect(answer).toMatchObject({ kind: 'ok', body: undefined, contentType: 'text/event-stream' })
  })
})

function aClient(peer: Peer, deps: TestDeps = testDeps(), token: SecretSource = deps.secret({ env: 'TOKEN' })): Client {
  const connection = {
    origin: peer.url,
    network: sockets,
    ca: null,
    insecure: false,
    proxy: null,
    token: () => token.get().reveal(),
    refreshToken: () => token.refresh().reveal(),
  }
  const limits = { concurrency: 4, perSecond: 1_000 }
  return createClient({ connection, root: api, limits, requestTimeoutMs: 60_000 }, deps)
}

function tokens(first: string, then: string): SecretSource {
  return { get: () => new Secret(first), refresh: () => new Secret(then) }
}

/** Lets waits before repetitions pass by until the promise settles; time-outs of requests are out of reach. */
async function whileAdvancing<T>(clock: FakeClock, promise: Promise<T>): Promise<T> {
  let settled = false
  const settle = () => {
    settled = true
  }
  promise.then(settle, settle)
  while (!settled) {
    const next = clock.nextAt()
    if (next !== null && next - clock.now() < 5_000) await clock.advance(next - clock.now())
    await new Promise((resolve) => setImmediate(resolve))
  }
  return promise
}
