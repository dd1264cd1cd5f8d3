import { type AddressInfo, createServer } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Outcome } from '../../../src/core/delivery.ts'
import { createEgress } from '../../../src/lib/egress.ts'
import { fixedSecret } from '../../../src/lib/secret.ts'
import { webhook } from '../../../src/targets/webhook/index.ts'
import { anEvent } from '../../support/builders.ts'
import { startReceiver } from '../../support/receiver.ts'
import { targetDeps } from '../../support/target-deps.ts'

const forbidden = [
  '169.254.169.254',
  '2852039166',
  '0xa9fea9fe',
  '0251.0376.0251.0376',
  '169.254.43518',
  '168.63.129.16',
  '100.100.100.200',
  '[::ffff:169.254.169.254]',
  '[64:ff9b::a9fe:a9fe]',
  '[2002:a9fe:a9fe::]',
  '[fd00:ec2::254]',
  'metadata.google.internal',
]

async function send(options: object, deps: Parameters<typeof targetDeps>[0] = {}): Promise<Outcome> {
  const target = webhook.build(options, targetDeps({ timeoutMs: 2_000, ...deps }))
  onTestFinished(() => target.close())
  const delivery = { id: 'dlv_1', target: 'hook', event: anEvent(), attempt: 1, createdAt: 0 }
  return target.deliver(delivery, new AbortController().signal)
}

/** A proxy that takes connections, counts them, and never answers: nothing that is refused may get as far. */
async function aSilentProxy() {
  let connections = 0
  const server = createServer((socket) => {
    connections += 1
    socket.destroy()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
  })
  // A listening TCP server always has such an address.
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, connections: () => connections }
}

describe('through a proxy', () => {
  it.each(forbidden)('%s is never asked for', async (host) => {
    const proxy = await aSilentProxy()
    for (const protocol of ['http', 'https']) {
      const outcome = await send({ url: `${protocol}://${host}/latest/meta-data`, proxy: proxy.url })
      expect(outcome).toMatchObject({ kind: 'unavailable', reason: expect.stringContaining('never contacted') })
    }
    expect(proxy.connections()).toBe(0)
  })

  it('others are', async () => {
    const proxy = await aSilentProxy()
    await send({ url: 'https://hook.example.org/', proxy: proxy.url })
    expect(proxy.connections()).toBe(1)
  })

  it.each(forbidden)('that is %s itself nothing is sent', async (host) => {
    const outcome = await send({ url: 'https://hook.example.org/', proxy: `http://${host}:3128` })
    expect(outcome).toMatchObject({ kind: 'unavailable', reason: expect.stringContaining('never contacted') })
  })

  it('what is allowed is about receivers: the proxy need not be among it', async () => {
    const proxy = await aSilentProxy()
    const egress = createEgress({ allow: ['hook.example.org'] })
    await send({ url: 'https://hook.example.org/', proxy: proxy.url }, { egress })
    expect(proxy.connections()).toBe(1)
    expect(await send({ url: 'https://other.example.org/', proxy: proxy.url }, { egress })).toMatchObject({
      kind: 'unavailable',
    })
  })
})

describe('a socket that is no host', () => {
  it.each([
    'unix:/run/docker.sock',
    'http+unix://%2Frun%2Fdocker.sock/',
    'file:///run/docker.sock',
    'ftp://example.org/',
    '/run/docker.sock',
  ])('%s cannot be configured', (url) => {
    expect(() => webhook.build({ url }, targetDeps())).toThrow()
  })

  it.each(['unix:/run/docker.sock', 'http+unix://%2Frun%2Fdocker.sock/'])(
    '%s is refused as a secret, too',
    async (url) => {
      const secret = () => fixedSecret(url)
      expect(await send({ url: { env: 'URL' } }, { secret })).toMatchObject({
        kind: 'unavailable',
        reason: expect.stringContaining('no http or https URL'),
      })
    },
  )

  it('a host called unix is a name like any other', async () => {
    const egress = createEgress({
      resolve: (_hostname, _options, callback) =>
        callback(Object.assign(new Error('ENOTFOUND'), { code: 'ENOTFOUND' }), []),
    })
    expect(await send({ url: 'http://unix:80/run/docker.sock' }, { egress })).toMatchObject({
      reason: expect.stringContaining('ENOTFOUND'),
    })
  })
})

it('a private receiver that is allowed is reached, one that is not is not', async () => {
  const receiver = await startReceiver()
  expect(await send({ url: receiver.url }, { egress: createEgress({ allow: ['127.0.0.0/8'] }) })).toMatchObject({
    kind: 'delivered',
  })
  expect(await send({ url: receiver.url }, { egress: createEgress({ allow: ['10.0.0.0/8'] }) })).toMatchObject({
    kind: 'unavailable',
  })
  expect(await send({ url: receiver.url }, { egress: createEgress({ deny: ['127.0.0.1'] }) })).toMatchObject({
    kind: 'unavailable',
  })
  expect(receiver.attempts).toBe(1)
})
