import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { ClaimedDelivery } from '../../../src/core/delivery.ts'
import type { Target } from '../../../src/core/target.ts'
import { isForbiddenAddress } from '../../../src/lib/egress.ts'
import { fixedSecret } from '../../../src/lib/secret.ts'
import { webhook } from '../../../src/targets/webhook/index.ts'
import { createSigner } from '../../../src/targets/webhook/signature.ts'
import { anEvent } from '../../support/builders.ts'
import { trickle } from '../../support/endless-server.ts'
import { targetDeps } from '../../support/target-deps.ts'

const signingSecret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const never = new AbortController().signal

function aDelivery(overrides: Partial<ClaimedDelivery> = {}): ClaimedDelivery {
  return { id: 'dlv_1', target: 'hook', event: anEvent(), attempt: 1, createdAt: 0, ...overrides }
}

/** A receiver that answers as told; gives what it got. */
async function aReceiver(answer: (response: ServerResponse, request: IncomingMessage) => void) {
  const got: {
    readonly rawHeaders: readonly string[]
    readonly headers: IncomingMessage['headers']
    readonly body: string
  }[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    got.push({ rawHeaders: request.rawHeaders, headers: request.headers, body })
    answer(response, request)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { got, url: `http://127.0.0.1:${port}/hook?key=canary` }
}

function aWebhook(url: string, more: object = {}, timeoutMs = 2_000): Target {
  const secret = () => fixedSecret(signingSecret)
  const target = webhook.build({ url, ...more }, targetDeps({ timeoutMs, concurrency: 2, secret }))
  onTestFinished(() => target.close())
  return target
}

describe('the webhook', () => {
  it("sends 1.0.4's body with the header spelled as API Gateway and old supervisors need it", async () => {
    const { got, url } = await aReceiver((response) => response.writeHead(202).end())

    const outcome = await aWebhook(url).deliver(aDelivery(), never)

    expect(outcome.kind).toBe('delivered')
    expect(got[0]?.rawHeaders.join('\n')).toContain('Content-Type\napplication/json\n')
    expect(got[0]?.body).toBe(
      '{"Key": "/Gamma/in/a.txt", "Records": [{"objectKey": "a.txt", "objectId": "f1", "eventTime": "2026-01-01T00:00:20", "eventSource": "OneTrigger"}]}',
    )
    expect(got[0]?.headers['webhook-id']).toBe('dlv_1')
  })

  it('signs so that the reference library verifies it', async () => {
    const { got, url } = await aReceiver((response) => response.writeHead(204).end())

    await aWebhook(url, { secret: { env: 'ANY' } }).deliver(aDelivery(), never)

    const { body = '', headers = {} } = got[0] ?? {}
    const signed = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
    expect(new Webhook(signingSecret).verify(body, signed)).toMatchObject({ Key: '/Gamma/in/a.txt' })
    expect(() => new Webhook(signingSecret).verify(`${body} `, signed)).toThrow()
  })

  it('signs the published vector as published', () => {
    const signature = createSigner(signingSecret)('msg_p5jXN8AQM9LWM0D4loKWxJek', 1_614_265_330, '{"test": 2432232314}')

    expect(signature).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=')
  })

  it.each([
    [200, 'delivered'],
    [299, 'delivered'],
    [301, 'unavailable'],
    [400, 'rejected'],
    [401, 'unavailable'],
    [403, 'unavailable'],
    [404, 'unavailable'],
    [405, 'unavailable'],
    [408, 'retry'],
    [410, 'unavailable'],
    [413, 'rejected'],
    [422, 'rejected'],
    [425, 'retry'],
    [429, 'retry'],
    [451, 'rejected'],
    [500, 'retry'],
    [501, 'retry'],
    [502, 'unavailable'],
    [503, 'unavailable'],
    [504, 'unavailable'],
    [599, 'retry'],
  ] as const)('takes %i as %s', async (status, kind) => {
    const { url } = await aReceiver((response) =>
      response.writeHead(status, { location: 'http://127.0.0.1:9/', 'retry-after': '7' }).end('x'.repeat(5_000)),
    )

    const outcome = await aWebhook(url).deliver(aDelivery(), never)

    expect(outcome).toMatchObject({ kind, answer: { status, body: 'x'.repeat(1_024) } })
    if (kind === 'retry') expect(outcome).toMatchObject({ retryAfterMs: 7_000 })
    expect(JSON.stringify(outcome)).not.toContain('canary')
  })

  it.each([
    ['user:pass', 'user:pass'],
    ['user:p%40ss%20%C3%A9', 'user:p@ss é'],
    // 1.0.4 sent these as they stand.
    ['user:50%', 'user:50%'],
    ['user:50%zz', 'user:50%zz'],
    [':pass', ':pass'],
  ])('logs in with what stands in the URL, a secret or not: %s', async (given, sent) => {
    const { got, url } = await aReceiver((response) => response.writeHead(202).end())
    const withLogin = url.replace('//', `//${given}@`)
    const fromSecret = webhook.build({ url: { env: 'HOOK' } }, targetDeps({ secret: () => fixedSecret(withLogin) }))
    onTestFinished(() => fromSecret.close())

    for (const target of [aWebhook(withLogin), fromSecret]) {
      expect(await target.deliver(aDelivery(), never)).toMatchObject({ kind: 'delivered' })
    }

    const expected = `Basic ${Buffer.from(sent).toString('base64')}`
    expect(got.map(({ headers }) => headers.authorization)).toEqual([expected, expected])
  })

  it('writes further attributes as the HTTP binding of CloudEvents says, in any script', async () => {
    const { got, url } = await aReceiver((response) => response.writeHead(202).end())
    const extensions = { dept: 'física', share: '50% "now"', where: '東京' }

    const outcome = await aWebhook(url, { format: 'cloudevents-binary', extensions }).deliver(aDelivery(), never)

    expect(outcome.kind).toBe('delivered')
    expect(got[0]?.headers).toMatchObject({
      'ce-dept': 'f%C3%ADsica',
      'ce-share': '50%25%20%22now%22',
      'ce-where': '%E6%9D%B1%E4%BA%AC',
    })
  })

  it.each([
    ['a token with a line break', { auth: { bearer: { env: 'TOKEN' } } }, 'canary\ncanary'],
    ['a header that no header may be', { headers: { 'X-Key': { env: 'KEY' } } }, 'canary→'],
  ])('waits for another %s, and says that it is no connection that broke', async (_what, given, value) => {
    const { got, url } = await aReceiver((response) => response.writeHead(202).end())
    const target = webhook.build({ url, ...given }, targetDeps({ secret: () => fixedSecret(value) }))
    onTestFinished(() => target.close())

    const outcome = await target.deliver(aDelivery(), never)

    expect(outcome).toEqual({
      kind: 'unavailable',
      reason:
        'the request cannot be sent: a header or secret of the target holds what no header may (UND_ERR_INVALID_ARG)',
    })
    expect(got).toEqual([])
  })

  it('takes a connection that is refused as the target being away, and one that breaks as this attempt failing', async () => {
    const { url } = await aReceiver((_response, request) => request.socket.destroy())

    expect(await aWebhook(url).deliver(aDelivery(), never)).toMatchObject({ kind: 'retry' })
    expect(await aWebhook('http://127.0.0.1:1/?key=canary').deliver(aDelivery(), never)).toEqual({
      kind: 'unavailable',
      reason: 'no connection to the receiver (ECONNREFUSED)',
    })
  })

  it.each([
    ['does not come', () => {}],
    ['trickles in its head', (response: ServerResponse) => trickle(response, 'head')],
    ['trickles in its body', (response: ServerResponse) => trickle(response, 'body')],
  ])('gives up by the time-out an answer that %s', async (_what, answer) => {
    const { url } = await aReceiver(answer)

    expect(await aWebhook(url, {}, 200).deliver(aDelivery(), never)).toEqual({
      kind: 'retry',
      reason: 'the receiver did not answer in time',
    })
    await expect(aWebhook(url, {}, 200).probe?.(never)).rejects.toThrow('did not answer in time')
  })

  it.each([
    'http://169.254.169.254/',
    'http://2852039166/',
    'http://0xa9fea9fe/',
    'http://[::ffff:169.254.169.254]/',
    'http://[fd00:ec2::254]/',
    'http://metadata.google.internal/',
  ])('never contacts %s', async (url) => {
    const outcome = await aWebhook(url).deliver(aDelivery(), never)

    expect(outcome.kind).toBe('unavailable')
    expect(JSON.stringify(outcome)).toContain('never contacted')
  })

  it('knows metadata addresses in every wrapping, and leaves private ones to the operator', () => {
    const forbidden = [
      '169.254.1.1',
      '100.100.100.200',
      '168.63.129.16',
      '0.0.0.0',
      '224.0.0.1',
      '::',
      'fe80::1',
      'ff02::1',
    ]
    const wrapped = ['::ffff:a9fe:a9fe', '64:ff9b::a9fe:a9fe', '2002:a9fe:a9fe::1', '::169.254.169.254']
    const allowed = ['10.0.0.1', '127.0.0.1', '192.168.1.1', '172.16.0.1', '8.8.8.8', '::1', 'fd12::1', '2001:db8::1']

    expect([...forbidden, ...wrapped].filter((address) => !isForbiddenAddress(address))).toEqual([])
    expect(allowed.filter(isForbiddenAddress)).toEqual([])
  })
})
