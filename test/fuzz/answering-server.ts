import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { type RawAnswer, sendRaw } from './raw-answer.ts'

/** Answers requests with whatever it is told, byte by byte. */
export class AnsweringServer {
  asked = 0
  readonly #server: http.Server
  readonly #expected: (path: string) => unknown
  #answers: readonly RawAnswer[] = []
  /** Those that came since answers were given: what an earlier input had left on its way is none of this one's requests. */
  #connections = new WeakSet<Socket>()

  private constructor(expected: (path: string) => unknown) {
    this.#expected = expected
    this.#server = http.createServer((request) => {
      request.on('error', () => {})
      request.resume().on('end', () => this.#answer(request.socket, request.url ?? ''))
    })
    this.#server.on('connection', (socket) => this.#connections.add(socket))
  }

  /** `expected` is what a peer that works would say at a path: bodies are often made of it. */
  static async start(expected: (path: string) => unknown): Promise<AnsweringServer> {
    const server = new AnsweringServer(expected)
    server.#server.listen(0, '127.0.0.1')
    await once(server.#server, 'listening')
    return server
  }

  get url(): string {
    // A listening TCP server always has such an address.
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** From now on requests are answered by these, in turn and then from the first again. */
  give(answers: readonly RawAnswer[]): void {
    this.#answers = answers
    this.#connections = new WeakSet()
    this.asked = 0
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }

  #answer(socket: Socket, path: string): void {
    if (!this.#connections.has(socket)) return void socket.destroy()
    const answer = this.#answers[this.asked % this.#answers.length]
    this.asked += 1
    socket.on('error', () => {})
    if (answer === undefined) socket.destroy()
    else sendRaw(socket, answer, this.#expected(path))
  }
}
