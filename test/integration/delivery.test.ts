import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { ClaimedDelivery, Outcome } from '../../src/core/delivery.ts'
import { completeEventId, deliveryId } from '../../src/core/ids.ts'
import { defaultRetry } from '../../src/core/retry.ts'
import type { Target } from '../../src/core/target.ts'
import { createDispatcher } from '../../src/delivery/dispatcher.ts'
import { silentDeliveryMeter } from '../../src/delivery/meter.ts'
import { classic } from '../../src/formats/classic.ts'
import { createSystemClock } from '../../src/lib/clock.ts'
import { defaultEgress, isForbiddenAddress } from '../../src/lib/egress.ts'
import { silentLog } from '../../src/lib/log.ts'
import { fixedSecret } from '../../src/lib/secret.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import type { Store } from '../../src/store/store.ts'
import { webhook } from '../../src/targets/webhook/index.ts'
import { createSigner } from '../../src/targets/webhook/signature.ts'
import { anEvent, fileEvent } from '../support/builders.ts'
import { FakeClock } from '../support/fake-clock.ts'

const signingSecret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const never = new AbortController().signal
const week = 7 * 24 * 3_600_000

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
  const deps = {
    name: 'hook',
    clock: createSystemClock(),
    log: silentLog,
    timeoutMs,
    concurrency: 2,
    egress: defaultEgress,
  }
  const target = webhook.build({ url, ...more }, { ...deps, secret: () => fixedSecret(signingSecret) })
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

  it('takes a connection that is refused as the target being away, and one that breaks as this attempt failing', async () => {
    const { url } = await aReceiver((_response, request) => request.socket.destroy())

    expect(await aWebhook(url).deliver(aDelivery(), never)).toMatchObject({ kind: 'retry' })
    expect(await aWebhook('http://127.0.0.1:1/?key=canary').deliver(aDelivery(), never)).toEqual({
      kind: 'unavailable',
      reason: 'no connection to the receiver (ECONNREFUSED)',
    })
  })

  it('gives up waiting for an answer after the time-out', async () => {
    const { url } = await aReceiver(() => {})

    expect(await aWebhook(url, {}, 200).deliver(aDelivery(), never)).toMatchObject({
      kind: 'retry',
      reason: 'the receiver did not answer in time',
    })
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

describe('the classic body', () => {
  it('escapes as Python does', () => {
    const event = anEvent({ path: 'in/"é\\ 😀\u007f\n.txt', eventTime: Date.UTC(2019, 1, 7, 9, 51, 4, 347) })

    expect(classic(event)).toBe(
      '{"Key": "/Gamma/in/\\"\\u00e9\\\\ \\ud83d\\ude00\\u007f\\n.txt", "Records": [{"objectKey": "\\"\\u00e9\\\\ \\ud83d\\ude00\\u007f\\n.txt", ' +
        '"objectId": "f1", "eventTime": "2019-02-07T09:51:04.347000", "eventSource": "OneTrigger"}]}',
    )
  })
})

describe('ids', () => {
  // Computed apart from this code, by Python's hashlib and base64 over the recipe of ADR 0002.
  it('are those of the recipe', () => {
    const id = completeEventId({ trigger: 'default', spaceId: 'space1', fileId: 'f1', size: 9, mtime: 1_767_225_600 })

    expect(id).toBe('evt_ga66bdmph7x4epjfhvs4h7hgrun67ros4fdgtcsm3bsiff3cnneq')
    expect(deliveryId(id, 'webhook')).toBe('dlv_mfrt5a6bf3t5kgzayskipyzft3wqa3e4ulfsqaxklanpa6wr3koq')
    expect(deliveryId(id, 'webhook', 1)).not.toBe(deliveryId(id, 'webhook'))
  })
})

/** A dispatcher on a memory store in virtual time, with a target that answers as told. */
async function aDispatcher(
  answer: (delivery: ClaimedDelivery, store: Store) => Outcome | Promise<Outcome>,
  events = 3,
) {
  const clock = new FakeClock()
  const store = createMemoryStore(clock)
  const owed = Array.from({ length: events }, (_, index) => ({
    event: anEvent({ id: `evt_${index}`, fileId: `f${index}` }),
    targets: ['hook'],
  }))
  await store.commit({ watch: { source: 's', spaceId: 'x' }, epoch: 1, states: [], forget: [], events: owed })
  const attempts: ClaimedDelivery[] = []
  const target: Target = {
    deliver: async (delivery) => {
      attempts.push(delivery)
      return answer(delivery, store)
    },
    close: async () => {},
  }
  const dispatcher = createDispatcher({
    store,
    targets: new Map([['hook', { target, concurrency: 2, timeoutMs: 30_000, retry: defaultRetry }]]),
    clock,
    random: () => 0.5,
    meter: silentDeliveryMeter,
    log: silentLog,
  })
  const stop = new AbortController()
  const running = dispatcher.run(stop.signal, never)
  onTestFinished(async () => {
    stop.abort()
    await running
  })
  const states = async () =>
    (await store.deliveries({ limit: 100 })).map(({ state, attempts: count }) => [state, count])
  return { clock, store, dispatcher, attempts, states }
}

describe('the dispatcher', () => {
  it('counts an attempt before the request is sent', async () => {
    const counts: number[] = []
    const { clock } = await aDispatcher(async (delivery, store) => {
      counts.push((await store.delivery(delivery.id))?.attempts ?? 0)
      return { kind: 'delivered' }
    })

    await clock.advance(1_000)

    expect(counts).toEqual([1, 1, 1])
  })

  it('keeps everything for a target that is down for a week, uses up nothing, and delivers it when it is back', async () => {
    let down = true
    const world = await aDispatcher(() =>
      down ? { kind: 'unavailable', reason: 'no connection' } : { kind: 'delivered' },
    )
    await world.clock.advance(week)
    expect(await world.states()).toEqual([
      ['owed', 0],
      ['owed', 0],
      ['owed', 0],
    ])
    expect(world.dispatcher.health('hook')).toMatchObject({ ok: false })
    expect(world.attempts.length).toBeLessThan(20_000)
    down = false

    await world.clock.advance(61_000)

    expect(await world.states()).toEqual([
      ['delivered', 1],
      ['delivered', 1],
      ['delivered', 1],
    ])
    expect(world.dispatcher.health('hook')).toMatchObject({ ok: true })
  })

  it('tries again by the schedule under the same id, and gives up after three days', async () => {
    const world = await aDispatcher(() => ({ kind: 'retry', reason: 'it answered 500' }), 1)
    await world.clock.advance(4_900)
    expect(world.attempts).toHaveLength(1)
    await world.clock.advance(200)
    expect(world.attempts).toHaveLength(2)

    await world.clock.advance(week)

    expect(new Set(world.attempts.map(({ id }) => id)).size).toBe(1)
    expect((await world.store.deliveries({ limit: 1 }))[0]).toMatchObject({
      state: 'dead',
      attempts: world.attempts.length,
    })
    expect(world.attempts.length).toBeGreaterThan(12)
  })

  it('keeps what is refused as a dead letter at once', async () => {
    const world = await aDispatcher(
      () => ({ kind: 'rejected', reason: 'it answered 422', answer: { status: 422, body: 'no' } }),
      1,
    )

    await world.clock.advance(1_000)

    expect((await world.store.deliveries({ limit: 1 }))[0]).toMatchObject({
      state: 'dead',
      attempts: 1,
      lastAnswer: { status: 422 },
    })
  })

  it('does not let an event circle for ever that brings its receiver down while others get through', async () => {
    let fresh = 0
    const world = await aDispatcher(async (delivery, store) => {
      if (fileEvent(delivery.event).fileId === 'f0') return { kind: 'unavailable', reason: 'it answered 502' }
      // There is always another one that works.
      fresh += 1
      const event = anEvent({ id: `evt_more${fresh}`, fileId: `more${fresh}` })
      if (fresh < 300)
        await store.commit({
          watch: { source: 's', spaceId: 'x' },
          epoch: 1,
          states: [],
          forget: [],
          events: [{ event, targets: ['hook'] }],
        })
      return { kind: 'delivered' }
    }, 2)

    await world.clock.advance(60_000)

    expect(fresh).toBe(300)
    expect(world.attempts.filter(({ event }) => fileEvent(event).fileId === 'f0').length).toBeLessThan(70)
  })
})
