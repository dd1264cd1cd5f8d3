import { generateKeyPairSync, verify } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createSystemClock } from '../../../src/lib/clock.ts'
import { createEgress } from '../../../src/lib/egress.ts'
import { silentLog } from '../../../src/lib/log.ts'
import { fixedSecret } from '../../../src/lib/secret.ts'
import { webhook } from '../../../src/targets/webhook/index.ts'
import { createSigner } from '../../../src/targets/webhook/signature.ts'
import { anEvent } from '../../support/builders.ts'

const current = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const previous = `whsec_${Buffer.alloc(24, 7).toString('base64')}`
const asymmetric = 'whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=='
const message = ['msg_p5jXN8AQM9LWM0D4loKWxJek', 1_614_265_330, '{"test": 2432232314}'] as const

/** What a receiver gets from a webhook with these secrets, when it answers as told. */
async function delivered(secrets: Readonly<Record<string, string>>, more: object = {}, status = 204) {
  const got = { headers: {}, body: '' }
  const server = createServer(async (request, response) => {
    for await (const chunk of request.setEncoding('utf8')) got.body += chunk
    got.headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
    response.writeHead(status).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  // A listening TCP server always has such an address.
  const { port } = server.address() as AddressInfo
  const refs = Object.fromEntries(Object.keys(secrets).map((name) => [name, { env: name }]))
  const target = webhook.build(
    { url: `http://127.0.0.1:${port}/`, ...refs, ...more },
    {
      name: 'hook',
      clock: createSystemClock(),
      log: silentLog,
      timeoutMs: 2_000,
      concurrency: 1,
      egress: createEgress(),
      secret: (ref) => fixedSecret('env' in ref ? (secrets[ref.env] ?? '') : ''),
    },
  )
  onTestFinished(() => target.close())
  const delivery = { id: 'dlv_1', target: 'hook', event: anEvent(), attempt: 1, createdAt: 0 }
  return { outcome: await target.deliver(delivery, new AbortController().signal), got }
}

describe('the signature', () => {
  it.each([
    [current, 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='],
    [asymmetric, 'v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=='],
  ])('is the published one for the published message (%#)', (secret, signature) => {
    expect(createSigner(secret)(...message)).toBe(signature)
  })

  it('by a key that is only its seed verifies with the public key', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519')
    const seed = Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url')
    const [version, signature = ''] = createSigner(`whsk_${seed.toString('base64')}`)(...message).split(',')

    expect(version).toBe('v1a')
    expect(verify(null, Buffer.from(message.join('.')), publicKey, Buffer.from(signature, 'base64'))).toBe(true)
  })

  it('of a receiver that changes over is verified with the old secret and with the new one, and with no other', async () => {
    const { got } = await delivered({ secret: current, previousSecret: previous })

    for (const secret of [current, previous]) {
      expect(new Webhook(secret).verify(got.body, got.headers)).toMatchObject({ Key: '/Gamma/in/a.txt' })
    }
    const other = `whsec_${Buffer.alloc(24, 8).toString('base64')}`
    expect(() => new Webhook(other).verify(got.body, got.headers)).toThrow()
  })

  it('may be by both versions at once', async () => {
    const { got } = await delivered({ secret: asymmetric, previousSecret: current })

    expect(got.headers).toMatchObject({ 'webhook-signature': expect.stringMatching(/^v1a,\S+ v1,\S+$/) })
    expect(new Webhook(current).verify(got.body, got.headers)).toBeTruthy()
  })

  it.each(['whsec_', 'whsec_%%%canary', 'whsk_Y2FuYXJ5', 'canary'])(
    'is refused by a secret that is none: %s',
    async (secret) => {
      const { outcome } = await delivered({ secret })

      expect(outcome).toMatchObject({ kind: 'unavailable', reason: expect.stringContaining('signing secret') })
      expect(JSON.stringify(outcome)).not.toMatch(/canary|Y2FuYXJ5/)
    },
  )
})

describe('API Gateway', () => {
  it('says 502 when it started a function as asked, and only then is that a success', async () => {
    const asked = { headers: { 'x-amz-invocation-type': 'Event' } }

    expect((await delivered({}, asked, 502)).outcome).toMatchObject({ kind: 'delivered', answer: { status: 502 } })
    expect((await delivered({}, asked, 503)).outcome.kind).toBe('unavailable')
    expect((await delivered({}, {}, 502)).outcome.kind).toBe('unavailable')
  })
})
