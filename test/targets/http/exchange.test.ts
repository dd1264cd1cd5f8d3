import { createServer } from 'node:http'
import { Pool } from 'undici'
import { expect, onTestFinished, test } from 'vitest'
import { type Bounds, exchange } from '../../../src/targets/http/exchange.ts'
import { sendWithoutEnd, trickle } from '../../support/endless-server.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { listenOnLoopback, urlOf } from '../../support/loopback.ts'
import { waitFor } from '../../support/wait-for.ts'

/** A receiver and a pool with one connection to it, which gives an answer ten seconds. */
async function aReceiver() {
  const seen: string[] = []
  const server = createServer((request, response) => {
    seen.push(String(request.url))
    if (request.url === '/hang') return
    if (request.url === '/head' || request.url === '/body')
      return trickle(response, request.url === '/head' ? 'head' : 'body')
    if (request.url !== '/endless') return void response.writeHead(200, { 'retry-after': '7' }).end('thank you')
    sendWithoutEnd(response, { sent: 0 })
  })
  await listenOnLoopback(server)
  const pool = new Pool(urlOf(server), { connections: 1 })
  onTestFinished(() => pool.destroy())
  const clock = new FakeClock()
  const ask = (path: string, bounds: Partial<Bounds> = {}) => {
    const signal = new AbortController().signal
    return exchange(
      pool,
      { origin: urlOf(server), method: 'POST', path },
      { signal, clock, until: clock.now() + 10_000, mostBytes: 1_024, ...bounds },
    )
  }
  return { seen, ask, clock }
}

test('an answer comes with its headers and its body', async () => {
  const { ask, clock } = await aReceiver()
  const { body, ...more } = await ask('/')
  expect(more).toMatchObject({ status: 200, headers: { 'retry-after': '7' }, isWhole: true })
  expect(body.toString()).toBe('thank you')
  expect(clock.nextAt()).toBeNull()
})

test('an answer without end is left when it has what is wanted of it, and the next request goes through', async () => {
  const { ask } = await aReceiver()
  const { body, isWhole } = await ask('/endless')
  expect(isWhole).toBe(false)
  expect(body.length).toBeGreaterThan(1_024)
  expect(body.length).toBeLessThan(1_048_576)
  expect(await ask('/')).toMatchObject({ isWhole: true })
})

test.each(['/hang', '/head', '/body'])(
  'an answer that is late (%s) is given up, and the next request goes through',
  async (path) => {
    const { ask, clock, seen } = await aReceiver()
    const late = expect(ask(path)).rejects.toMatchObject({ code: 'UND_ERR_HEADERS_TIMEOUT' })
    await waitFor('the request', () => seen.length === 1)

    await clock.advance(10_000)

    await late
    expect(await ask('/')).toMatchObject({ status: 200 })
  },
)

test('a request that gets no connection in time was never sent, and says so', async () => {
  const { ask, clock, seen } = await aReceiver()
  const stop = new AbortController()
  const hanging = expect(ask('/hang', { until: clock.now() + 60_000, signal: stop.signal })).rejects.toThrow('enough')
  const waiting = expect(ask('/waiting')).rejects.toMatchObject({ code: 'UND_ERR_CONNECT_TIMEOUT' })
  await waitFor('the request', () => seen.length === 1)

  await clock.advance(10_000)

  await waiting
  stop.abort(new Error('enough'))
  await hanging
  await ask('/')
  expect(seen).toEqual(['/hang', '/'])
})

test('an abort ends a request under way, and one that waits for a connection is never sent', async () => {
  const { ask, seen } = await aReceiver()
  const [first, second] = [new AbortController(), new AbortController()]
  const hanging = ask('/hang', { signal: first.signal })
  const waiting = ask('/waiting', { signal: second.signal })
  await waitFor('the request', () => seen.length === 1)

  second.abort(new Error('stop waiting'))
  await expect(waiting).rejects.toThrow('stop waiting')
  first.abort(new Error('stop hanging'))
  await expect(hanging).rejects.toThrow('stop hanging')

  expect(await ask('/')).toMatchObject({ status: 200 })
  expect(seen).toEqual(['/hang', '/'])
  await expect(ask('/', { signal: first.signal })).rejects.toThrow('stop hanging')
})
