import { rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createSecrets } from '../../../src/config/secrets.ts'
import type { ClaimedDelivery } from '../../../src/core/delivery.ts'
import { type Certificate, createCertificate } from '../../../src/simulator/certificate.ts'
import type { RequestTaker } from '../../../src/targets/http/line.ts'
import { webhook } from '../../../src/targets/webhook/index.ts'
import { anEvent } from '../../support/builders.ts'
import { aRequestThread } from '../../support/request-thread.ts'
import { targetDeps } from '../../support/target-deps.ts'
import { tempDir } from '../../support/temp-dir.ts'

const never = new AbortController().signal
const delivery: ClaimedDelivery = { id: 'dlv_1', target: 'hook', event: anEvent(), attempt: 1, createdAt: 0 }

async function aCertificate(): Promise<Certificate> {
  const certificate = await createCertificate('127.0.0.1')
  onTestFinished(() => certificate.remove())
  return certificate
}

/** An HTTPS receiver that takes only clients with this certificate, where one is given; tells who came. */
async function aReceiver(own: Certificate, client: Certificate | null = null) {
  const clients: string[] = []
  const asked = client === null ? {} : { requestCert: true, rejectUnauthorized: true, ca: client.cert }
  const server = createServer({ key: own.key, cert: own.cert, ...asked }, (request, response) => {
    // HTTPS requests come over such sockets.
    clients.push((request.socket as TLSSocket).getPeerCertificate().fingerprint256 ?? 'nobody')
    request.resume()
    response.writeHead(204).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  // A listening TCP server always has such an address.
  return { clients, url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/` }
}

function aTarget(url: string, options: object, thread?: RequestTaker) {
  const target = webhook.build({ url, ...options }, targetDeps({ secret: createSecrets({}), thread }))
  onTestFinished(() => target.close())
  return target
}

const ways: [string, () => Promise<RequestTaker | undefined>][] = [
  ['in this thread', async () => undefined],
  ['by another', () => aRequestThread()],
]

describe('a webhook over HTTPS', () => {
  it.each(ways)('is not trusted unless its authority is (%s)', async (_way, aThread) => {
    const thread = await aThread()
    const own = await aCertificate()
    const { clients, url } = await aReceiver(own)
    expect(await aTarget(url, {}, thread).deliver(delivery, never)).toMatchObject({
      kind: 'unavailable',
      reason: expect.stringContaining('certificate is not trusted'),
    })
    expect(clients).toEqual([])
    expect(await aTarget(url, { ca: own.caFile }, thread).deliver(delivery, never)).toMatchObject({ kind: 'delivered' })
  })

  it.each(ways)(
    'that asks for a certificate of ours gets it, and waits where it is missing (%s)',
    async (_way, aThread) => {
      const thread = await aThread()
      const [own, ours] = [await aCertificate(), await aCertificate()]
      const { clients, url } = await aReceiver(own, ours)
      const folder = tempDir()
      writeFileSync(join(folder, 'key.pem'), ours.key)
      const ca = own.caFile

      expect((await aTarget(url, { ca }, thread).deliver(delivery, never)).kind).not.toBe('delivered')
      const mutual = { ca, clientCertificate: ours.caFile, clientKey: { file: join(folder, 'key.pem') } }
      expect(await aTarget(url, mutual, thread).deliver(delivery, never)).toMatchObject({ kind: 'delivered' })
      expect(clients).toHaveLength(1)
      expect(clients[0]).not.toBe('nobody')
    },
  )

  it.each(ways)('sees a certificate that was replaced while it runs (%s)', async (_way, aThread) => {
    const [first, second] = [await aCertificate(), await aCertificate()]
    const { url } = await aReceiver(second)
    const file = join(tempDir(), 'ca.pem')
    writeFileSync(file, first.cert)
    const target = aTarget(url, { ca: { file } }, await aThread())
    expect(await target.deliver(delivery, never)).toMatchObject({ kind: 'unavailable' })

    rmSync(file)
    writeFileSync(file, `${second.cert}\n`)

    expect(await target.deliver(delivery, never)).toMatchObject({ kind: 'delivered' })
  })

  it('does not start with a certificate that cannot be read', () => {
    expect(() => aTarget('https://example.org/', { ca: '/nowhere/ca.pem' })).toThrow('the file of `ca`')
  })
})
