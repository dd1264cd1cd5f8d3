import { writeFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import net, { type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { generate } from 'selfsigned'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createConnection, openProvider } from '../../../src/sources/onedata/connect.ts'
import { openStream } from '../../../src/sources/onedata/stream-connection.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { never, startProvider, testDeps, testOptions } from './peer.ts'

describe('a provider behind TLS', () => {
  it('is trusted by its authority, or when told not to look, and else refused without asking again', async () => {
    const { url, caFile, connections } = await startTls()
    const open = (more: object) => openProvider(url, testOptions(url, more), testDeps(), never)

    await (await open({ ca: caFile })).close()
    await (await open({ insecure: true })).close()
    const before = connections()
    const refusal = open({})

    await expect(refusal).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' })
    await expect(refusal).rejects.toThrow(/SELF_SIGNED.*name its authority with `ca`/)
    expect(connections() - before).toBe(1)
  })

  it('needs a file of authorities that can be read', async () => {
    const opening = openProvider('https://127.0.0.1:1', testOptions('127.0.0.1', { ca: '/missing' }), testDeps(), never)

    await expect(opening).rejects.toMatchObject({ code: 'CONFIG_NOT_FOUND' })
  })
})

describe('a provider behind a proxy', () => {
  it('is reached over HTTP', async () => {
    const provider = await startProvider('25.0', () => undefined)
    const proxy = await startProxy()

    const { version } = await openProvider(
      provider.url,
      testOptions(provider.url, { proxy: proxy.url }),
      testDeps(),
      never,
    )

    expect(version).toBe('25.0')
    expect(proxy.seen).toEqual([`GET ${provider.url}/api/v3/oneprovider/configuration`])
    expect(proxy.credentials).toEqual([`Basic ${Buffer.from('us er:pa:ss').toString('base64')}`])
  })

  it('is reached through the proxy of the environment where it names none itself', async () => {
    const provider = await startProvider('25.0', () => undefined)
    const [proxy, other] = [await startProxy(), await startProxy()]
    const deps = { ...testDeps(), proxyFor: () => proxy.url }

    await openProvider(provider.url, testOptions(provider.url), deps, never)
    await openProvider(provider.url, testOptions(provider.url, { proxy: other.url }), deps, never)

    expect(proxy.seen).toHaveLength(1)
    expect(other.seen).toHaveLength(1)
  })

  it('names the proxy that it could not be reached through, without its password', async () => {
    const origin = 'http://provider.test'
    const [options, deps] = [testOptions(origin, { proxy: 'http://user:canary@127.0.0.1:1' }), testDeps()]
    const connection = createConnection(origin, options, deps)
    const subscription = { path: '/stream', headers: {}, body: {}, clock: deps.clock, watchdogMs: 60_000 }

    const reason = / through the proxy http:\/\/127\.0\.0\.1:1 \(ECONNREFUSED\)$/
    await expect(openProvider(origin, options, deps, never)).rejects.toThrow(reason)
    await expect(openStream({ connection, ...subscription }, never)).rejects.toThrow(reason)
  })

  it.each(['socks5://:canary@proxy.example:1080', 'http://', 'http://u:100%canary@proxy.example'])(
    'is not asked through %s, and the password in it is kept',
    async (proxy) => {
      const deps = { ...testDeps(), proxyFor: () => proxy }
      const opening = openProvider('http://provider.example', testOptions('provider.example'), deps, never)

      await expect(opening).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message:
          'source "hub": the proxy of the environment (HTTPS_PROXY, HTTP_PROXY) is not the URL of an HTTP proxy; NO_PROXY exempts hosts, `proxy` names another',
      })
    },
  )

  it('is reached over TLS through a tunnel, with its own authority', async () => {
    const { url, caFile } = await startTls()
    const proxy = await startProxy()
    const options = testOptions(url, { proxy: proxy.url, ca: caFile })

    const provider = await openProvider(url, options, testDeps(), never)
    await provider.close()

    expect(provider.version).toBe('25.0')
    expect(proxy.seen).toEqual([`CONNECT ${new URL(url).host}`])
  })
})

it('closes its connections', async () => {
  const peer = await startProvider('25.0', () => undefined)
  const provider = await openProvider(peer.url, testOptions(peer.url), testDeps(), never)

  await provider.close()
  await provider.close()

  expect(provider.id).toBe('p1')
})

async function startTls(): Promise<{ url: string; caFile: string; connections: () => number }> {
  const pem = await generate([{ name: 'commonName', value: 'localhost' }], {
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
  })
  const server = https.createServer({ key: pem.private, cert: pem.cert }, (_request, response) =>
    response.end(JSON.stringify({ providerId: 'p1', version: '25.0' })),
  )
  let connections = 0
  server.on('connection', () => {
    connections += 1
  })
  const caFile = join(tempDir(), 'ca.pem')
  writeFileSync(caFile, pem.cert)
  return { url: `https://127.0.0.1:${await listen(server)}`, caFile, connections: () => connections }
}

async function startProxy(): Promise<{ url: string; seen: string[]; credentials: unknown[] }> {
  const seen: string[] = []
  const credentials: unknown[] = []
  const tunnels: { destroy(): unknown }[] = []
  const server = http.createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`)
    credentials.push(request.headers['proxy-authorization'])
    http.get(request.url ?? '', (answer) => answer.pipe(response))
  })
  server.on('connect', (request, socket) => {
    seen.push(`CONNECT ${request.url}`)
    credentials.push(request.headers['proxy-authorization'])
    const [host, port] = (request.url ?? '').split(':')
    const target = net.connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      target.pipe(socket).pipe(target)
    })
    for (const end of [target, socket]) end.on('error', () => {})
    tunnels.push(target, socket)
  })
  const port = await listen(server)
  onTestFinished(() => {
    for (const tunnel of tunnels) tunnel.destroy()
  })
  return { url: `http://us%20er:pa%3Ass@127.0.0.1:${port}`, seen, credentials }
}

async function listen(server: http.Server | https.Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}
