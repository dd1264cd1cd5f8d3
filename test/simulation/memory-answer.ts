import { Writable } from 'node:stream'
import type { Reply } from '../../src/lib/network.ts'
import type { Outgoing } from '../../src/simulator/listener.ts'
import { broken } from './broken.ts'

/** What a reader leaves lying before the writer has to wait, in bytes; like the buffer of a socket. */
const mostUnread = 65_536

/** An answer on its way from a simulated server to its client: the one writes, the other reads, in one process. */
export class MemoryAnswer extends Writable implements Outgoing {
  statusCode = 200
  /** Resolves when the head is there. */
  readonly reply: Promise<Reply>
  readonly #head = Promise.withResolvers<Reply>()
  readonly #headers: Record<string, string> = {}
  #headIsOut = false
  #unread: Uint8Array[] = []
  #unreadBytes = 0
  #ended = false
  /** Lets the writer go on. */
  #release: () => void = () => {}
  #wakeReader: () => void = () => {}

  constructor() {
    super()
    this.reply = this.#head.promise
    // The client may be gone before it waits for it.
    this.reply.catch(() => {})
  }

  setHeader(name: string, value: string): void {
    this.#headers[name.toLowerCase()] = value
  }

  writeHead(status: number, headers: Readonly<Record<string, string>>): void {
    this.statusCode = status
    for (const [name, value] of Object.entries(headers)) this.setHeader(name, value)
  }

  flushHeaders(): void {
    if (this.#headIsOut) return
    this.#headIsOut = true
    this.#head.resolve({
      status: this.statusCode,
      headers: this.#headers,
      body: this.#chunks(),
      discard: () => this.destroy(),
    })
  }

  override _write(chunk: Uint8Array, _encoding: string, written: () => void): void {
    this.flushHeaders()
    this.#unread.push(chunk)
    this.#unreadBytes += chunk.length
    this.#wakeReader()
    if (this.#unreadBytes < mostUnread) written()
    else this.#release = written
  }

  override _final(done: () => void): void {
    this.flushHeaders()
    this.#ended = true
    this.#wakeReader()
    done()
  }

  override _destroy(_error: Error | null, done: () => void): void {
    if (!this.#headIsOut) this.#head.reject(broken('ECONNRESET'))
    this.#wakeReader()
    done()
  }

  /** All that has come since the last look at once, as a socket hands it over. */
  async *#chunks(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const chunks = this.#unread
        if (chunks.length > 0) {
          this.#unread = []
          this.#unreadBytes = 0
          const release = this.#release
          this.#release = () => {}
          release()
          yield chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)
          continue
        }
        if (this.#ended) return
        if (this.destroyed) throw broken('ECONNRESET')
        await new Promise<void>((resolve) => {
          this.#wakeReader = resolve
        })
      }
    } finally {
      this.destroy()
    }
  }
}
