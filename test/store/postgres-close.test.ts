import { createServer, type Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { createSystemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { fixedSecret } from '../../src/lib/secret.ts'
import { connectPostgres } from '../../src/store/postgres/connect.ts'

const message = (type: string, body: Buffer) => {
  const head = Buffer.alloc(5)
  head.write(type)
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}
const authenticated = message('R', Buffer.from([0, 0, 0, 0]))
const ready = message('Z', Buffer.from('I'))
const listening = message('C', Buffer.from('LISTEN\0'))

/** A server that lets a client in and listen, and does not answer any more once that is said: as if its network were gone. */
async function aServer() {
  const sockets: Socket[] = []
  const seen = { listeners: 0 }
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    socket.once('data', () => {
      socket.write(Buffer.concat([authenticated, ready]))
      socket.once('data', () => {
        seen.listeners += 1
        socket.write(Buffer.concat([listening, ready]))
        socket.on('data', () => {})
      })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { url: `postgres://me:pw@127.0.0.1:${port}/db`, seen }
}

it('a database whose network is gone does not hold up the end', { timeout: 15_000 }, async () => {
  const { url, seen } = await aServer()
  const database = connectPostgres({
    url: fixedSecret(url),
    connections: 2,
    clock: createSystemClock(),
    log: silentLog,
  })
  await database.listen('channel', () => {})
  expect(seen.listeners).toBe(1)

  const late = new Promise((resolve) => setTimeout(resolve, 9_000, 'still closing'))
  expect(await Promise.race([database.close().then(() => 'closed'), late])).toBe('closed')
})
