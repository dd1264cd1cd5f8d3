import { sleep } from '../../src/lib/clock.ts'
import type { Line, Message, Network, Reply } from '../../src/lib/network.ts'
import type { Listener, Serve } from '../../src/simulator/listener.ts'
import { broken } from './broken.ts'
import { MemoryAnswer } from './memory-answer.ts'
import type { VirtualClock } from './virtual-clock.ts'

export interface MemoryNetworkOptions {
  readonly clock: VirtualClock
  /** How long a message is on its way; 0 = it is there at once. */
  readonly latencyMs: () => number
  /** Told of every message and of the status that came back; null = none did. */
  readonly onExchange?: (message: Message, status: number | null) => void
}

/** Servers and their clients in one process: what a client sends is handed to the server's own routes, no socket between. */
export class MemoryNetwork implements Network {
  readonly #options: MemoryNetworkOptions
  readonly #servers = new Map<string, Serve>()
  #ports = 40_000

  constructor(options: MemoryNetworkOptions) {
    this.#options = options
  }

  questions(): Line {
    return this.#line()
  }

  stream(): Line {
    return this.#line()
  }

  /** What a simulated server takes its requests from. */
  listener(): Listener {
    const open = new Set<MemoryAnswer>()
    let address: string | null = null
    return {
      listen: async (wanted, host, serve) => {
        const port = wanted === 0 ? this.#ports++ : wanted
        address = `${host}:${port}`
        this.#servers.set(address, (request, response, reset) => {
          if (response instanceof MemoryAnswer) {
            open.add(response)
            response.once('close', () => open.delete(response))
          }
          serve(request, response, reset)
        })
        return port
      },
      close: async () => {
        if (address !== null) this.#servers.delete(address)
        for (const answer of open) answer.destroy()
        open.clear()
      },
    }
  }

  #line(): Line {
    const open = new Set<MemoryAnswer>()
    let isClosed = false
    return {
      send: async (message, signal) => {
        const { clock, latencyMs, onExchange } = this.#options
        const wait = latencyMs()
        try {
          if (wait > 0) await sleep(clock, wait, signal)
          signal.throwIfAborted()
          if (isClosed) throw broken('ECONNABORTED')
          const reply = await this.#exchange(message, open, signal)
          onExchange?.(message, reply.status)
          return reply
        } catch (error) {
          onExchange?.(message, null)
          throw error
        }
      },
      close: () => {
        isClosed = true
        for (const answer of open) answer.destroy()
      },
    }
  }

  #exchange(message: Message, open: Set<MemoryAnswer>, signal: AbortSignal): Promise<Reply> {
    const url = new URL(message.url)
    const serve = this.#servers.get(url.host)
    if (serve === undefined) throw broken('ECONNREFUSED')
    const answer = new MemoryAnswer()
    const abort = () => answer.destroy()
    signal.addEventListener('abort', abort, { once: true })
    open.add(answer)
    answer.once('close', () => {
      signal.removeEventListener('abort', abort)
      open.delete(answer)
    })
    serve(requestOf(message, url, answer), answer, () => answer.destroy())
    return answer.reply
  }
}

function requestOf(message: Message, url: URL, answer: MemoryAnswer): Parameters<Serve>[0] {
  const headers = Object.entries(message.headers).map(([name, value]) => [name.toLowerCase(), value] as const)
  return {
    method: message.method,
    url: `${url.pathname}${url.search}`,
    headers: Object.fromEntries(headers),
    complete: true,
    get destroyed() {
      return answer.destroyed
    },
    async *[Symbol.asyncIterator]() {
      if (message.body !== undefined) yield Buffer.from(message.body)
    },
  }
}
