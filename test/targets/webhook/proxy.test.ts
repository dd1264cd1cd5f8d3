import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createSystemClock } from '../../../src/lib/clock.ts'
import { createEgress } from '../../../src/lib/egress.ts'
import { silentLog } from '../../../src/lib/log.ts'
import { proxyFromEnvironment } from '../../../src/lib/proxy.ts'
import { fixedSecret } from '../../../src/lib/secret.ts'
import type { RequestTaker } from '../../../src/targets/http/line.ts'
import { webhook } from '../../../src/targets/webhook/index.ts'
import { anEvent } from '../../support/builders.ts'
import { startBehavingReceiver } from '../../support/receiver.ts'
import { aRequestThread } from '../../support/request-thread.ts'

/** A proxy that passes requests on to this machine, whatever host it is asked for; gives those. */
async function aProxy() {
  const asked: string[] = []
  const passOn = (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(String(request.url))
    asked.push(url.host)
    const { method, headers } = request
    const here = { method, headers, agent: false, hostname: '127.0.0.1' }
    const further = httpRequest(url, here, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    request.pipe(further.on('error', () => response.destroy()))
  }
  const server = createServer(passOn).on('connect', (request, client) => {
    asked.push(String(request.url))
    const [, port] = String(request.url).split(':')
    const upstream = connect(Number(port), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      upstream.pipe(client).pipe(upstream)
    })
    upstream.on('error', () => client.destroy())
    client.on('error', () => upstream.destroy())
    onTestFinished(() => {
      client.destroy()
      upstream.destroy()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  // A listening TCP server always has such an address.
  const { port } = server.address() as AddressInfo
  return { asked, url: `http://127.0.0.1:${port}` }
}

async function deliver(
  given: object,
  env: Readonly<Record<string, string>>,
  { timeoutMs = 5_000, thread }: { timeoutMs?: number; thread?: RequestTaker } = {},
) {
  const deps = { name: 'hook', clock: createSystemClock(), log: silentLog, timeoutMs, concurrency: 1, thread }
  const more = { egress: createEgress(), secret: () => fixedSecret('s'), proxyFor: proxyFromEnvironment(env) }
  const target = webhook.build(given, { ...deps, ...more })
  onTestFinished(() => target.close())
  const delivery = { id: 'dlv_1', target: 'hook', event: anEvent(), attempt: 1, createdAt: 0 }
  return target.deliver(delivery, new AbortController().signal)
}

describe('the webhook', () => {
  it.each(['option', 'environment'])('goes through the proxy of the %s', async (by) => {
    const [proxy, receiver] = [await aProxy(), await startBehavingReceiver()]
    const url = receiver.url.replace('127.0.0.1', 'receiver.test')
    const given = { url, ...(by === 'option' ? { proxy: proxy.url } : {}) }

    const outcome = await deliver(given, { HTTP_PROXY: by === 'option' ? 'http://127.0.0.1:1' : proxy.url })

    expect(outcome.kind).toBe('delivered')
    expect(receiver.taken()).toBe(1)
    expect(proxy.asked).toEqual([new URL(url).host])
  })

  it('goes through it by a thread, too', async () => {
    const [proxy, receiver, thread] = [await aProxy(), await startBehavingReceiver(), await aRequestThread()]

    const outcome = await deliver({ url: receiver.url, proxy: proxy.url }, {}, { thread })

    expect(outcome.kind).toBe('delivered')
    expect(proxy.asked).toEqual([new URL(receiver.url).host])
  })

  it('gives up by its time-out what hangs behind a proxy', async () => {
    const [proxy, receiver] = [await aProxy(), await startBehavingReceiver()]
    await receiver.behave('hang')

    expect(await deliver({ url: receiver.url, proxy: proxy.url }, {}, { timeoutMs: 300 })).toMatchObject({
      kind: 'retry',
      reason: `the receiver did not answer in time through the proxy ${proxy.url}`,
    })
  })

  it.each([
    ['http', 'unavailable', 'no connection to the receiver through the proxy http://127.0.0.1:1 (ECONNREFUSED)'],
    ['https', 'unavailable', 'no connection to the receiver through the proxy http://127.0.0.1:1 (ECONNREFUSED)'],
  ])('says for an %s URL which proxy could not be reached, without its password', async (scheme, kind, reason) => {
    const given = { url: `${scheme}://receiver.test/`, proxy: 'http://user:canary@127.0.0.1:1' }

    expect(await deliver(given, {})).toEqual({ kind, reason })
  })

  it('waits for a proxy that leads nowhere', async () => {
    const server = createServer().on('connect', (_request, client) => client.end('HTTP/1.1 403 Forbidden\r\n\r\n'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    // A listening TCP server always has such an address.
    const { port } = server.address() as AddressInfo

    expect(await deliver({ url: 'https://receiver.test/', proxy: `http://127.0.0.1:${port}` }, {})).toEqual({
      kind: 'unavailable',
      reason: `no connection to the receiver through the proxy http://127.0.0.1:${port} (UND_ERR_ABORTED)`,
    })
  })

  it('goes past the proxy to this machine', async () => {
    const [proxy, receiver] = [await aProxy(), await startBehavingReceiver()]

    const outcome = await deliver({ url: receiver.url }, { HTTP_PROXY: proxy.url })

    expect(outcome.kind).toBe('delivered')
    expect(proxy.asked).toEqual([])
  })
})

describe('the environment', () => {
  const proxy = 'http://proxy.example:3128'

  it.each([
    ['https://a.org/', { HTTPS_PROXY: proxy }, proxy],
    ['https://a.org/', { https_proxy: proxy, HTTPS_PROXY: 'http://other' }, proxy],
    ['http://a.org/', { HTTPS_PROXY: proxy }, null],
    ['https://a.org/', { HTTPS_PROXY: proxy, NO_PROXY: '*' }, null],
    ['https://x.a.org/', { HTTPS_PROXY: proxy, NO_PROXY: '.a.org' }, null],
    ['https://xa.org/', { HTTPS_PROXY: proxy, NO_PROXY: 'a.org' }, proxy],
    ['https://a.org/', { HTTPS_PROXY: proxy, NO_PROXY: 'a.org:443' }, null],
    ['https://a.org:8443/', { HTTPS_PROXY: proxy, NO_PROXY: 'a.org:443' }, proxy],
    ['https://a.org/', { HTTPS_PROXY: proxy, NO_PROXY: 'x.org, a.org' }, null],
    ['https://a.org/', { HTTPS_PROXY: 'proxy.example:3128' }, proxy],
    ['https://localhost:8443/', { HTTPS_PROXY: proxy }, null],
    ['https://127.1.2.3/', { HTTPS_PROXY: proxy }, null],
    ['https://[::1]/', { HTTPS_PROXY: proxy }, null],
    ['https://localhost./', { HTTPS_PROXY: proxy }, null],
    ['https://[::ffff:127.0.0.1]/', { HTTPS_PROXY: proxy }, null],
    ['https://10.1.2.3/', { HTTPS_PROXY: proxy, NO_PROXY: '10.0.0.0/8' }, null],
    ['https://11.1.2.3/', { HTTPS_PROXY: proxy, NO_PROXY: '10.0.0.0/8' }, proxy],
    ['https://a10.org/', { HTTPS_PROXY: proxy, NO_PROXY: '10.0.0.0/8,10.0.0.0/99,/8,x/8' }, proxy],
    ['https://10.1.2.3/', { HTTPS_PROXY: proxy, NO_PROXY: '10.1.2.3:443' }, null],
    ['https://[fd00::5]/', { HTTPS_PROXY: proxy, NO_PROXY: 'fd00::5' }, null],
    ['https://[fd00::6]/', { HTTPS_PROXY: proxy, NO_PROXY: 'fd00::5' }, proxy],
    ['https://[fd00::5]:8443/', { HTTPS_PROXY: proxy, NO_PROXY: '[FD00::5]:8443' }, null],
    ['https://[fd00::5]/', { HTTPS_PROXY: proxy, NO_PROXY: '[fd00::5]:8443' }, proxy],
    ['https://[fd00::5]/', { HTTPS_PROXY: proxy, NO_PROXY: 'fd00::/16' }, null],
    ['https://localhost.example/', { HTTPS_PROXY: proxy }, proxy],
    ['https://127.0.0.1.example/', { HTTPS_PROXY: proxy }, proxy],
  ])('says for %s with %o: %s', (url, env, expected) => {
    expect(proxyFromEnvironment(env)(new URL(url))).toBe(expected)
  })
})
