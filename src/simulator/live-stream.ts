import { once } from 'node:events'
import type { Cancel, Clock } from '../lib/clock.ts'
import type { Outgoing } from './listener.ts'

const hugePiece = Buffer.alloc(1024 * 1024, 0x78)

/** An answer that goes on: its headers are out, text follows as it comes, and without a byte for `idleCutMs` the connection is dropped. */
export class LiveStream {
  readonly #response: Outgoing
  readonly #clock: Clock
  readonly #idleCutMs: number
  readonly #endAfterMs: number
  readonly #closers: (() => void)[] = []
  #idle: Cancel
  #frozen = false
  #closed = false

  constructor(
    response: Outgoing,
    options: {
      readonly clock: Clock
      readonly idleCutMs: number
      /** Silence after which the client wants the stream to be ended well. */
      readonly endAfterMs?: number
      readonly headers: Readonly<Record<string, string>>
    },
  ) {
    this.#response = response
    this.#clock = options.clock
    this.#idleCutMs = options.idleCutMs
    this.#endAfterMs = options.endAfterMs ?? Number.POSITIVE_INFINITY
    response.writeHead(200, options.headers)
    response.flushHeaders()
    response.on('close', () => this.#close())
    this.#idle = this.#armIdle()
  }

  write(text: string): void {
    if (this.#closed || this.#frozen || text === '') return
    this.#response.write(text)
    this.#idle()
    this.#idle = this.#armIdle()
  }

  /** One line that does not end, in pieces, as fast as it is read. */
  async writeHugeLine(bytes: number): Promise<void> {
    this.write('data: ')
    for (let left = bytes; left > 0 && !this.#closed; left -= hugePiece.length) {
      const room = this.#response.write(hugePiece.subarray(0, Math.min(left, hugePiece.length)))
      if (!room && !this.#closed) await this.#drained()
    }
  }

  /** Ends with the stream, too. */
  async #drained(): Promise<void> {
    const over = new AbortController()
    const { signal } = over
    await Promise.race([once(this.#response, 'drain', { signal }), once(this.#response, 'close', { signal })])
    over.abort()
  }

  freeze(): void {
    this.#frozen = true
    this.#idle()
  }

  cut(how: 'reset' | 'clean'): void {
    if (how === 'clean') this.#response.end()
    else this.#response.destroy()
    this.#close()
  }

  onClose(run: () => void): void {
    this.#closers.push(run)
  }

  #armIdle(): Cancel {
    if (this.#endAfterMs < this.#idleCutMs) return this.#clock.timer(this.#endAfterMs, () => this.cut('clean'))
    return this.#clock.timer(this.#idleCutMs, () => this.cut('reset'))
  }

  #close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#idle()
    for (const run of this.#closers) run()
  }
}
