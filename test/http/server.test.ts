import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ConfigError } from '../../src/core/errors.ts'
import { type Health, type HttpOptions, startHttp } from '../../src/http/server.ts'
import { silentLog } from '../../src/lib/log.ts'

const since = Date.UTC(2026, 0, 2, 3, 4, 5)

async function start(options: Partial<HttpOptions> = {}) {
  const server = await startHttp({
    listen: { host: '127.0.0.1', port: 0 },
    health: () => ({ ready: true, parts: {} }),
    metrics: async () => '# nothing\n',
    log: silentLog,
    ...options,
  })
  onTestFinished(() => server.close())
  return server
}

/** Sends bytes as they are and gives back everything the server says until it hangs up. */
async function sendRaw(url: string, bytes: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.on('error', () => {})
  socket.write(bytes)
  let answer = ''
  for await (const chunk of socket) answer += String(chunk)
  return answer
}

describe('probes', () => {
  it('says alive whatever the parts say', async () => {
    const { url } = await start({ health: () => ({ ready: false, parts: {} }) })

    const answer = await fetch(`${url}/livez`)

    expect(answer.status).toBe(200)
    expect(await answer.json()).toEqual({ alive: true })
  })

  it('tells each part, since when and why, and how fast a source repairs what it missed', async () => {
    const health: Health = {
      ready: true,
      parts: {
        store: { ok: true, since, detail: 'open' },
        'source:datahub': { ok: true, since, detail: 'streaming', repairWithinMs: 600_000 },
      },
    }
    const { url } = await start({ health: () => health })

    const answer = await fetch(`${url}/readyz`)

    expect(answer.status).toBe(200)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(await answer.json()).toEqual({
      ready: true,
      parts: {
        store: { ok: true, since: '2026-01-02T03:04:05.000Z', detail: 'open' },
        'source:datahub': { ok: true, since: '2026-01-02T03:04:05.000Z', detail: 'streaming', repairWithinMs: 600_000 },
      },
    })
  })

  it('answers 503 with the same body while it is not ready', async () => {
    const { url } = await start({
      health: () => ({ ready: false, parts: { store: { ok: false, since, detail: 'the disk is full' } } }),
    })

    const answer = await fetch(`${url}/readyz`)

    expect(answer.status).toBe(503)
    expect(await answer.json()).toMatchObject({
      ready: false,
      parts: { store: { ok: false, detail: 'the disk is full' } },
    })
  })

  it('serves metrics as Prometheus text', async () => {
    const { url } = await start({ metrics: async () => 'onetrigger_build_info 1\n' })

    const answer = await fetch(`${url}/metrics`)

    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(await answer.text()).toBe('onetrigger_build_info 1\n')
  })

  it('answers HEAD as load balancers send it', async () => {
    const { url } = await start()

    const answer = await fetch(`${url}/livez`, { method: 'HEAD' })

    expect(answer.status).toBe(200)
  })
})

describe('everything else', () => {
  it('is a problem', async () => {
    const { url } = await start()

    const answer = await fetch(`${url}/nowhere?token=abc`)

    expect(answer.status).toBe(404)
    expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
    expect(await answer.json()).toEqual({
      type: 'about:blank',
      title: 'Not Found',
      status: 404,
      detail: 'There is nothing at this address.',
    })
  })

  it.each(['/:a(', '/*x', '/:a([)', '/:a((x+x+)+y)'])(
    'is a problem of the caller alone where the path is %s',
    async (path) => {
      const logged: object[] = []
      const { url } = await start({ log: { ...silentLog, error: (fields) => logged.push(fields) } })

      const answer = await sendRaw(url, `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`)

      expect(answer).toMatch(/^HTTP\/1.1 404 /)
      expect(logged).toEqual([])
    },
  )

  it('names the methods an address takes', async () => {
    const { url } = await start()

    const answer = await fetch(`${url}/livez?x=1`, { method: 'POST', body: 'x' })

    expect(answer.status).toBe(405)
    expect(answer.headers.get('allow')).toBe('GET, HEAD')
    expect(await answer.json()).toMatchObject({ status: 405 })
  })

  it('refuses a body that is too large', async () => {
    const { url } = await start()

    const answer = await fetch(`${url}/livez`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify('x'.repeat(20_000)),
    })

    expect([405, 413]).toContain(answer.status)
    expect(answer.headers.get('content-type')).toContain('application/problem+json')
  })

  it('keeps the reason of a failure for the log', async () => {
    const logged: object[] = []
    const { url } = await start({
      metrics: () => Promise.reject(new Error('password=hunter2')),
      log: { ...silentLog, error: (fields) => logged.push(fields) },
    })

    const answer = await fetch(`${url}/metrics`)

    expect(answer.status).toBe(500)
    expect(await answer.text()).not.toContain('hunter2')
    expect(logged).toHaveLength(1)
  })

  it.each([
    ['garbage', 'this is not http\r\n\r\n', 400],
    ['a bad escape in the path', 'GET /%zz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n', 400],
    ['headers without end', `GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`, 431],
  ])('answers %s with a problem', async (_name, bytes, status) => {
    const { url } = await start()

    const answer = await sendRaw(url, bytes)

    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(answer).toContain('application/problem+json')
    expect(answer).toContain(`"status":${status}`)
  })
})

describe('a client that takes no answers', () => {
  it('is cut off when it asks again before the answer is there', async () => {
    let made = 0
    const { url } = await start({
      metrics: async () => {
        made += 1
        return 'x'.repeat(100_000)
      },
    })

    const answer = await sendRaw(url, 'GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(40))

    expect(made).toBe(1)
    expect(answer).toBe('')
    expect((await fetch(`${url}/livez`)).status).toBe(200)
  })

  it('may ask again on its connection when it has the answer', async () => {
    const { url } = await start()
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    onTestFinished(() => void socket.destroy())

    for (let time = 0; time < 3; time++) {
      socket.write('GET /livez HTTP/1.1\r\nhost: x\r\n\r\n')
      const [answer] = await once(socket, 'data')
      expect(String(answer)).toContain('200 OK')
    }
  })

  it('does not hold its connection for ever', async () => {
    const asked = Promise.withResolvers<Socket>()
    const hear = (message: unknown) => asked.resolve((message as { readonly socket: Socket }).socket)
    subscribe('http.server.request.start', hear)
    onTestFinished(() => void unsubscribe('http.server.request.start', hear))
    const { url } = await start({ metrics: async () => 'x'.repeat(32_000_000) })
    const client = connect(Number(new URL(url).port), '127.0.0.1')
    onTestFinished(() => void client.destroy())
    client.pause().write('GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n')
    const socket = await asked.promise

    await once(socket, 'close')

    expect(socket.destroyed).toBe(true)
  }, 60_000)
})

describe('listening', () => {
  it('says clearly when the address is taken', async () => {
    const { url } = await start()
    const port = Number(new URL(url).port)

    const second = startHttp({
      listen: { host: '127.0.0.1', port },
      health: () => ({ ready: true, parts: {} }),
      metrics: async () => '',
      log: silentLog,
    })

    await expect(second).rejects.toBeInstanceOf(ConfigError)
    await expect(second).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
      message: `Health and metrics cannot be served on 127.0.0.1:${port}: it is in use already; stop the other process or choose another address with --listen.`,
    })
  })

  it('says clearly when the machine has no such address', async () => {
    await expect(start({ listen: { host: '192.0.2.1', port: 0 } })).rejects.toMatchObject({ code: 'LISTEN_FAILED' })
  })

  it('closes at once although a client is in the middle of a request, and twice is fine', async () => {
    const server = await start()
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    socket.on('error', () => {})
    const closed = new Promise((resolve) => socket.on('close', resolve))
    socket.write('GET /livez HTTP/1.1\r\nhost: x\r\n\r\nGET /livez HTTP/1.1\r\nhost:')
    await new Promise((resolve) => socket.once('data', resolve))

    const began = performance.now()
    await server.close()
    await server.close()

    await closed
    expect(performance.now() - began).toBeLessThan(1_000)
    await expect(fetch(`${server.url}/livez`)).rejects.toThrow()
  })
})
