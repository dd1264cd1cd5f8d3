import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Pool } from 'undici'
import { expect, onTestFinished, test } from 'vitest'
import { exchange } from '../../../src/targets/http/exchange.ts'
import { waitFor } from '../../support/wait-for.ts'

/** A receiver and a pool with one connection to it; `/endless` answers without end, `/hang` never. */
async function aReceiver() {
  const seen: string[] = []
  const server = createServer((request, response) => {
    seen.push(String(request.url))
    if (request.url === '/hang') return
    if (request.url !== '/endless') return void response.writeHead(200, { 'retry-after': '7' }).end('thank you')
    const more = () => {
      if (!response.destroyed && response.write('x'.repeat(1_000))) setImmediate(more)
    }
    response.on('drain', more)
    more()
  })
  server.listen(0, '127.0.0.1')
  await waitFor('the receiver', () => server.listening)
  const { port } = server.address() as AddressInfo
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: 1 })
  onTestFinished(async () => {
    await pool.destroy()
    server.closeAllConnections()
    server.close()
  })
  const ask = (path: string, signal = new AbortController().signal) => exchange(pool, { method: 'POST', path }, signal)
  return { seen, ask }
}

test('an answer comes with its headers and its body', async () => {
  const { ask } = await aReceiver()
  expect(await ask('/')).toMatchObject({ status: 200, headers: { 'retry-after': '7' }, body: 'thank you' })
})

test('of an answer without end the first kilobyte is kept, and the next request goes through', async () => {
  const { ask } = await aReceiver()
  expect(await ask('/endless')).toMatchObject({ status: 200, body: 'x'.repeat(1_024) })
  expect(await ask('/')).toMatchObject({ body: 'thank you' })
})

test('an abort ends a request under way, and one that waits for a connection is never sent', async () => {
  const { ask, seen } = await aReceiver()
  const [first, second] = [new AbortController(), new AbortController()]
  const hanging = ask('/hang', first.signal)
  const waiting = ask('/waiting', second.signal)
  await waitFor('the request', () => seen.length === 1)

  second.abort(new Error('stop waiting'))
  await expect(waiting).rejects.toThrow('stop waiting')
  first.abort(new Error('stop hanging'))
  await expect(hanging).rejects.toThrow('stop hanging')

  expect(await ask('/')).toMatchObject({ status: 200 })
  expect(seen).toEqual(['/hang', '/'])
  await expect(ask('/', first.signal)).rejects.toThrow('stop hanging')
})
