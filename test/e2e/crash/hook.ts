import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { z } from 'zod'
import type { Revision } from './oracle.ts'
import { hookPath } from './points.ts'

/** How it treats a request: it answers with `status` after `afterMs`. */
export interface Manners {
  readonly status: number
  readonly afterMs: number
}

export const welcoming: Manners = { status: 204, afterMs: 0 }

const cloudEvent = z.object({
  id: z.string(),
  data: z.object({ fileId: z.string(), size: z.number(), mtime: z.iso.datetime() }),
})

/** Told of the `webhook-id`, and of what the body says. */
type Taken = (id: string, revision: Revision, eventId: string) => void

/** The webhook at the end of the line: tells of every request that it accepts. */
export class Hook {
  manners = welcoming
  readonly #taken: Taken
  #server: Server
  #port = 0

  private constructor(taken: Taken) {
    this.#taken = taken
    this.#server = this.#create()
  }

  static async start(taken: Taken): Promise<Hook> {
    const hook = new Hook(taken)
    await hook.#listen()
    return hook
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}${hookPath}`
  }

  /** Nobody is there any more: connections break, new ones are refused. */
  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }

  /** Back at the same address. */
  async reopen(): Promise<void> {
    this.#server = this.#create()
    await this.#listen()
  }

  #create(): Server {
    return createServer((request, response) => {
      // A sender that dies in the middle of its request has sent none.
      this.#answer(request, response).catch(() => response.destroy())
    })
  }

  async #listen(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
    const address = this.#server.address()
    this.#port = typeof address === 'object' && address !== null ? address.port : 0
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = ''
    for await (const chunk of request.setEncoding('utf8')) text += chunk
    const { status, afterMs } = this.manners
    if (afterMs > 0) await new Promise((resolve) => setTimeout(resolve, afterMs))
    if (status < 300) {
      const { id, data } = cloudEvent.parse(JSON.parse(text))
      const { fileId, size, mtime } = data
      this.#taken(String(request.headers['webhook-id']), { fileId, size, mtime: Date.parse(mtime) / 1_000 }, id)
    }
    response.writeHead(status).end()
  }
}
