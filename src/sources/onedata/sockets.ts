import { Client, type Dispatcher, Pool, ProxyAgent } from 'undici'
import type { Line, Message, Network, Peer, Reply } from '../../lib/network.ts'

const headersTimeoutMs = 30_000

/**
 * The real network. HTTP/1.1 only: a provider's streams carry headers that HTTP/2 forbids. A redirect is an answer like others: to follow it would carry the
 * token to where nobody told us to send it.
 */
export const sockets: Network = { questions: questionLine, stream: streamLine }

function questionLine(peer: Peer, width: number): Line {
  const dispatcher = poolOf(peer, width)
  return {
    send: async (message, signal) => {
      const reply = await send(dispatcher, peer, message, signal)
      return { ...reply, discard: () => cut(reply.body) }
    },
    close: () => destroy(dispatcher),
  }
}

function streamLine(peer: Peer): Line {
  const dispatcher = dispatcherOf(peer)
  const close = () => destroy(dispatcher)
  return {
    send: async (message, signal) => ({ ...(await send(dispatcher, peer, message, signal)), discard: close }),
    close,
  }
}

async function send(
  dispatcher: Dispatcher,
  { origin }: Peer,
  { method, url, headers, body }: Message,
  signal: AbortSignal,
): Promise<Omit<Reply, 'discard' | 'body'> & { readonly body: Dispatcher.ResponseData['body'] }> {
  const path = url.slice(origin.length)
  const response = await dispatcher.request({ origin, method, path, headers, body: body ?? null, signal })
  return { status: response.statusCode, headers: response.headers, body: response.body }
}

function cut(body: Dispatcher.ResponseData['body']): void {
  // It says that it was cut; whoever cuts knows.
  body.on('error', () => {}).destroy()
}

/** Destroying rejects what is still under way; nobody waits for it any more. */
function destroy(dispatcher: Dispatcher): void {
  void dispatcher.destroy().catch(() => {})
}

/** Connections that are kept between questions. Whoever asks bounds the time: nothing here does but for connecting. */
function poolOf(peer: Peer, width: number): Dispatcher {
  const options = { ...protocol, connections: width, headersTimeout: 0, bodyTimeout: 0 }
  if (peer.proxy !== null) return new ProxyAgent({ uri: peer.proxy, requestTls: tlsOf(peer), ...options })
  return new Pool(peer.origin, { connect: tlsOf(peer), ...options })
}

/** Connections for bodies that may take as long as they like. */
export function dispatcherOf(peer: Peer): Dispatcher {
  const options = { ...protocol, headersTimeout: headersTimeoutMs, bodyTimeout: 0 }
  if (peer.proxy !== null) return new ProxyAgent({ uri: peer.proxy, requestTls: tlsOf(peer), ...options })
  return new Client(peer.origin, { connect: tlsOf(peer), ...options })
}

const protocol = { pipelining: 1, allowH2: false } as const

function tlsOf({ ca, insecure }: Peer) {
  return { rejectUnauthorized: !insecure, ...(ca === null ? {} : { ca }) }
}
