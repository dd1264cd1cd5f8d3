import { createServer, type ServerResponse } from 'node:http'
import { listenOnLoopback, urlOf } from './loopback.ts'

/** Bytes after which it is enough: the listener would have taken it all. */
export const mostSent = 128 * 1_048_576

/** Sends a body for as long as somebody listens, and counts its bytes. */
export function sendWithoutEnd(response: ServerResponse, count: { sent: number }): void {
  const chunk = Buffer.alloc(256 * 1_024, ' ')
  const more = () => {
    while (count.sent < mostSent) {
      count.sent += chunk.length
      if (!response.write(chunk)) return
    }
    response.end()
  }
  response.on('drain', more)
  more()
}

/** Sends a little now and then, and never an end: of the body, or of the head already. */
export function trickle(response: ServerResponse, part: 'body' | 'head'): void {
  const { socket } = response
  if (part === 'body') response.writeHead(200, { 'content-length': 1_000_000 })
  else socket?.write('HTTP/1.1 200 OK\r\n')
  const timer = setInterval(() => (part === 'body' ? response.write(' ') : socket?.write('x-more: y\r\n')), 20)
  socket?.on('close', () => clearInterval(timer))
}

/** Answers 200 and then sends for as long as somebody listens. */
export class EndlessServer {
  sent = 0
  /** Resolves when the first listener has gone, or has got the most. */
  readonly hungUp: Promise<unknown>
  readonly #server = createServer((request, response) => {
    request.resume().on('end', () => this.#send(response))
  })

  private constructor() {
    const ended = Promise.withResolvers<void>()
    this.hungUp = ended.promise
    this.#server.on('connection', (socket) => socket.on('error', () => {}).on('close', () => ended.resolve()))
  }

  static async start(): Promise<EndlessServer> {
    const endless = new EndlessServer()
    await listenOnLoopback(endless.#server)
    return endless
  }

  get url(): string {
    return urlOf(this.#server)
  }

  #send(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'application/json', connection: 'close' })
    sendWithoutEnd(response, this)
  }
}
