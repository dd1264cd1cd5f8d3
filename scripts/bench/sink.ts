// A receiver in a process of its own: takes every POST, and tells its parent now and then how many there were and when they came.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const times = new Map<string, number>()
const server = createServer((request, response) => {
  times.set(String(request.headers['webhook-id']), performance.timeOrigin + performance.now())
  request.resume()
  request.on('end', () => response.writeHead(204).end())
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => {
  // A listening TCP server always has such an address.
  const { port } = server.address() as AddressInfo
  process.send?.({ url: `http://127.0.0.1:${port}/events` })
})
process.on('message', (message) => {
  if (message === 'count') process.send?.({ count: times.size })
  if (message === 'first') process.send?.({ first: times.values().next().value ?? null })
  if (message === 'clear') {
    times.clear()
    process.send?.({})
  }
  if (message === 'times') process.send?.({ times: [...times] })
})
process.on('disconnect', () => process.exit(0))
