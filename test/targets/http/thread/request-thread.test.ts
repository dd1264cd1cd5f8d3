import { getEventListeners } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { Worker } from 'node:worker_threads'
import { expect, onTestFinished, test } from 'vitest'
import { createSystemClock } from '../../../../src/lib/clock.ts'
import { EgressError } from '../../../../src/lib/egress.ts'
import { type Log, silentLog } from '../../../../src/lib/log.ts'
import type { ConnectionPlan } from '../../../../src/targets/http/dispatchers.ts'
import type { Bounds, PlainRequest } from '../../../../src/targets/http/exchange.ts'
import { RequestThread } from '../../../../src/targets/http/thread/request-thread.ts'
import { sendWithoutEnd } from '../../../support/endless-server.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { listenOnLoopback, urlOf } from '../../../support/loopback.ts'
import { aRequestThread } from '../../../support/request-thread.ts'
import { waitFor } from '../../../support/wait-for.ts'

interface Seen {
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
  isCut: boolean
}

/** A receiver, and how it is asked through a thread, over one connection. */
async function aReceiver() {
  const seen: Seen[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    const one: Seen = { path: String(request.url), headers: request.headers, body, isCut: false }
    seen.push(one)
    response.on('close', () => {
      one.isCut = !response.writableFinished
    })
    if (request.url === '/hang') return
    if (request.url === '/empty') return void response.writeHead(204).end()
    if (request.url !== '/endless') return void response.writeHead(200, { 'retry-after': '7' }).end('grüße')
    sendWithoutEnd(response, { sent: 0 })
  })
  await listenOnLoopback(server)
  const plan = planFor(urlOf(server))
  const answerAll = () => server.closeAllConnections()
  return { seen, plan, answerAll }
}

function planFor(origin: string): ConnectionPlan {
  return { origin, proxy: null, tls: {}, connections: 1, connectTimeoutMs: 5_000 }
}

const clock = createSystemClock()

function ask(thread: RequestThread, plan: ConnectionPlan, path: string, more: Partial<PlainRequest & Bounds> = {}) {
  const { signal = new AbortController().signal, until = clock.now() + 10_000, mostBytes = 1_024, ...request } = more
  const asked: PlainRequest = { origin: plan.origin, method: 'POST', path, ...request }
  return thread.exchange(plan, asked, { signal, clock, until, mostBytes })
}

test.each<[string, Partial<PlainRequest>]>([
  ['names and values in turn', { headers: ['X-One', 'a', 'X-Two', 'b'], body: 'ein Körper' }],
  ['names and their values', { headers: { 'x-one': 'a', 'x-two': 'b' }, body: 'ein Körper' }],
])('a request comes whole, with %s, and so does its answer', async (_how, request) => {
  const [thread, { seen, plan }] = [await aRequestThread(), await aReceiver()]

  const { body, ...more } = await ask(thread, plan, '/a?b=c', request)

  expect(more).toMatchObject({ status: 200, headers: { 'retry-after': '7' }, isWhole: true })
  expect(body.toString('utf8')).toBe('grüße')
  expect(seen).toMatchObject([{ path: '/a?b=c', headers: { 'x-one': 'a', 'x-two': 'b' }, body: 'ein Körper' }])
})

test('many at once each get their own answer', async () => {
  const [thread, { plan }] = [await aRequestThread(), await aReceiver()]
  const paths = Array.from({ length: 100 }, (_, index) => (index % 2 === 0 ? '/empty' : '/full'))

  const answers = await Promise.all(paths.map((path) => ask(thread, { ...plan, connections: 8 }, path)))

  expect(answers.map(({ status, body }) => [status, body.length])).toEqual(
    paths.map((path) => (path === '/empty' ? [204, 0] : [200, 7])),
  )
})

test('an answer without end is left when it has what is wanted of it, and the next request goes through', async () => {
  const [thread, { plan, seen }] = [await aRequestThread(), await aReceiver()]

  const { body, isWhole } = await ask(thread, plan, '/endless')

  expect(isWhole).toBe(false)
  expect(body.length).toBeGreaterThan(1_024)
  expect(body.length).toBeLessThan(1_048_576)
  expect(await ask(thread, plan, '/')).toMatchObject({ status: 200 })
  expect(seen[0]?.isCut).toBe(true)
})

test('what is late was sent or not, and says which', async () => {
  const [thread, { plan, seen }] = [await aRequestThread(), await aReceiver()]
  const hanging = ask(thread, plan, '/hang', { until: clock.now() + 300 })
  const late = expect(hanging).rejects.toMatchObject({ code: 'UND_ERR_HEADERS_TIMEOUT' })
  await waitFor('the request', () => seen.length === 1)
  const waiting = ask(thread, plan, '/waiting', { until: clock.now() + 50 })

  await expect(waiting).rejects.toMatchObject({ code: 'UND_ERR_CONNECT_TIMEOUT' })
  await late

  expect(await ask(thread, plan, '/')).toMatchObject({ status: 200 })
  expect(seen.map(({ path }) => path)).toEqual(['/hang', '/'])
})

test('an abort ends a request under way, and one that waits for a connection is never sent', async () => {
  const [thread, { plan, seen }] = [await aRequestThread(), await aReceiver()]
  const [first, second] = [new AbortController(), new AbortController()]
  const until = clock.now() + 3_600_000
  const hanging = ask(thread, plan, '/hang', { signal: first.signal, until })
  const waiting = ask(thread, plan, '/waiting', { signal: second.signal, until })
  await waitFor('the request', () => seen.length === 1)

  second.abort(new Error('stop waiting'))
  await expect(waiting).rejects.toThrow('stop waiting')
  first.abort(new Error('stop hanging'))
  await expect(hanging).rejects.toThrow('stop hanging')

  expect(await ask(thread, plan, '/')).toMatchObject({ status: 200 })
  expect(seen.map(({ path, isCut }) => [path, isCut])).toEqual([
    ['/hang', true],
    ['/', false],
  ])
  await expect(ask(thread, plan, '/', { signal: first.signal })).rejects.toThrow('stop hanging')
})

test('nothing of it is left on the signal, however it ends', async () => {
  const [thread, { plan, seen }] = [await aRequestThread(), await aReceiver()]
  const { signal } = new AbortController()
  await ask(thread, plan, '/', { signal })
  expect(getEventListeners(signal, 'abort')).toEqual([])
  await expect(ask(thread, planFor('http://127.0.0.1:1'), '/', { signal })).rejects.toThrow()
  expect(getEventListeners(signal, 'abort')).toEqual([])
  const hanging = expect(ask(thread, plan, '/hang', { signal })).rejects.toMatchObject({ code: 'THREAD_ENDED' })
  await waitFor('the request', () => seen.length === 2)
  await thread.close()
  await hanging
  expect(getEventListeners(signal, 'abort')).toEqual([])
})

test('errors of the connection keep their codes', async () => {
  const [thread, receiver] = [await aRequestThread(), await aReceiver()]
  await expect(ask(thread, planFor('http://127.0.0.1:1'), '/')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  const broken = expect(ask(thread, receiver.plan, '/hang')).rejects.toMatchObject({ code: 'UND_ERR_SOCKET' })
  await waitFor('the request', () => receiver.seen.length === 1)
  receiver.answerAll()
  await broken
})

test('what must not be reached is not, whatever its name', async () => {
  const [thread, { plan, seen }] = [await aRequestThread({ deny: ['127.0.0.0/8', '::1'] }), await aReceiver()]
  const { port } = new URL(plan.origin)

  const refused = ask(thread, planFor(`http://localhost:${port}`), '/')

  await expect(refused).rejects.toBeInstanceOf(EgressError)
  await expect(refused).rejects.toThrow('localhost is not contacted')
  expect(seen).toEqual([])
})

test('connections that are left let end what is under way, or break it off', async () => {
  const thread = await aRequestThread()
  const [kind, rude] = [await aReceiver(), await aReceiver()]
  const answered = ask(thread, kind.plan, '/')
  thread.leave(kind.plan, false)
  expect(await answered).toMatchObject({ status: 200 })

  const hanging = expect(ask(thread, rude.plan, '/hang')).rejects.toMatchObject({ code: 'UND_ERR_DESTROYED' })
  await waitFor('the request', () => rude.seen.length === 1)
  thread.leave(rude.plan, true)
  await hanging
  await waitFor('the cut', () => rude.seen[0]?.isCut)

  expect(await ask(thread, rude.plan, '/')).toMatchObject({ status: 200 })
})

test('its end breaks off what is under way, and nothing is taken after it', async () => {
  const [thread, { plan, seen }] = [await aRequestThread(), await aReceiver()]
  const until = clock.now() + 3_600_000
  const hanging = expect(ask(thread, plan, '/hang', { until })).rejects.toMatchObject({ code: 'THREAD_ENDED' })
  await waitFor('the request', () => seen.length === 1)

  await thread.close()

  await hanging
  await waitFor('the cut', () => seen[0]?.isCut)
  expect(thread.takes()).toBe(false)
  await thread.close()
})

test('it runs while requests are many, and ends when they have not been for ten seconds', async () => {
  const fake = new FakeClock()
  const thread = new RequestThread({ clock: fake, log: silentLog, egress: {}, many: 3 })
  onTestFinished(() => thread.close())
  const { plan } = await aReceiver()
  expect([thread.takes(), thread.takes()]).toEqual([false, false])
  expect(fake.nextAt()).toBeNull()
  await waitFor('the thread listens', () => thread.takes())
  expect(await ask(thread, plan, '/')).toMatchObject({ status: 200 })

  await fake.advance(9_000)
  expect(thread.takes()).toBe(true)
  await fake.advance(1_000)
  expect(thread.takes()).toBe(false)
  await fake.advance(10_000)
  expect(fake.nextAt()).toBeNull()

  await waitFor('it listens again', () => thread.takes())
  expect(await ask(thread, plan, '/')).toMatchObject({ status: 200 })
})

test('its end leaves no timer, and what was aborted does not keep it', async () => {
  const fake = new FakeClock()
  const thread = new RequestThread({ clock: fake, log: silentLog, egress: {}, many: 1 })
  onTestFinished(() => thread.close())
  const { plan, seen } = await aReceiver()
  await waitFor('the thread listens', () => thread.takes())
  const stop = new AbortController()
  const hanging = expect(ask(thread, plan, '/hang', { signal: stop.signal })).rejects.toThrow('enough')
  await waitFor('the request', () => seen.length === 1)
  stop.abort(new Error('enough'))
  await hanging

  await fake.advance(20_000)
  expect(fake.nextAt()).toBeNull()

  await waitFor('the thread listens', () => thread.takes())
  await thread.close()
  expect(fake.nextAt()).toBeNull()
})

test('while something is under way it does not end', async () => {
  const fake = new FakeClock()
  const thread = new RequestThread({ clock: fake, log: silentLog, egress: {}, many: 1 })
  onTestFinished(() => thread.close())
  const { plan, seen, answerAll } = await aReceiver()
  await waitFor('the thread listens', () => thread.takes())
  const hanging = expect(ask(thread, plan, '/hang')).rejects.toMatchObject({ code: 'UND_ERR_SOCKET' })
  await waitFor('the request', () => seen.length === 1)

  await fake.advance(60_000)
  answerAll()

  await hanging
})

const listening = "import { parentPort } from 'node:worker_threads'; parentPort.postMessage([]); parentPort"

test.each([
  ['fails at its start', 'throw new Error("planted")', 'Error: planted'],
  ['fails with requests in hand', `${listening}.on('message', () => { throw new Error('planted') })`, 'Error: planted'],
  ['ends by itself', `${listening}.on('message', () => process.exit(3))`, 'Error: it ended by itself (3)'],
])('where it %s, what it had counts as broken off, and it is said once', async (_when, program, why) => {
  const said: unknown[] = []
  const log: Log = { ...silentLog, error: (fields) => said.push('err' in fields ? String(fields.err) : fields) }
  const entry = new URL(`data:text/javascript,${encodeURIComponent(program)}`)
  const thread = new RequestThread({ clock, log, egress: {}, many: 1, entry })
  onTestFinished(() => thread.close())
  thread.takes()
  const asked = ask(thread, planFor('http://127.0.0.1:1'), '/')

  await expect(asked).rejects.toMatchObject({ code: 'THREAD_ENDED' })

  // Another would listen after a while.
  expect(thread.takes()).toBe(false)
  await new Promise((resolve) => new Worker('', { eval: true }).on('exit', resolve))
  expect(thread.takes()).toBe(false)
  expect(said).toEqual([why])
})
