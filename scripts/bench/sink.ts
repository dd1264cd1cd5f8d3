// A receiver in a process of its own: takes every POST, and tells its parent now and then how many there were and when they came. On bare sockets, for it
// shares the machine with what is measured: Node's own server takes twice as much of it. It understands what OneTrigger sends and no more.
import { type AddressInfo, createServer } from 'node:net'
import { preciseNow } from './children.ts'

const times = new Map<string, number>()
const answer = 'HTTP/1.1 204 No Content\r\n\r\n'

/** The header's value; empty where it is not there. */
function header(head: string, name: string): string {
  const at = head.toLowerCase().indexOf(`\r\n${name}:`)
  if (at < 0) return ''
  const from = at + name.length + 3
  return head.slice(from, head.indexOf('\r\n', from)).trim()
}

/** Takes the first request out of what came; null = it is not whole. */
function takeRequest(text: string): { readonly id: string; readonly rest: string } | null {
  const headEnd = text.indexOf('\r\n\r\n')
  if (headEnd < 0) return null
  const head = text.slice(0, headEnd + 2)
  const end = headEnd + 4 + Number(header(head, 'content-length'))
  return text.length < end ? null : { id: header(head, 'webhook-id'), rest: text.slice(end) }
}

const server = createServer({ noDelay: true }, (socket) => {
  // One character for each byte: lengths are of bytes.
  socket.setEncoding('latin1')
  let text = ''
  socket.on('data', (more: string) => {
    text += more
    for (let next = takeRequest(text); next !== null; next = takeRequest(text)) {
      text = next.rest
      times.set(next.id, preciseNow())
      socket.write(answer)
    }
  })
  // Whoever sent is gone, killed perhaps.
  socket.on('error', () => {})
})
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
