import http from 'node:http'
import https from 'node:https'
import type { Readable } from 'node:stream'
import axios from 'axios'
import { Client, type Dispatcher, ProxyAgent } from 'undici'
import type { Line, Network, Peer } from '../../lib/network.ts'

const headersTimeoutMs = 30_000

/** The real network. HTTP/1.1 only: a provider's streams carry headers that HTTP/2 forbids. */
export const sockets: Network = { questions: questionLine, stream: streamLine }

function questionLine(peer: Peer, width: number): Line {
  const agents = createAgents(peer, width)
  const instance = axios.create({
    httpAgent: agents.http,
    httpsAgent: agents.https,
    // The agents go through the configured proxy by themselves; one that only the environment names is not ours.
    ...(peer.proxy === null ? { proxy: false } : {}),
    // A redirect would carry the token to where nobody told us to send it.
    maxRedirects: 0,
    responseType: 'stream',
    validateStatus: () => true,
    transformRequest: [(body) => body],
    transformResponse: [(body) => body],
  })
  return {
    send: async ({ method, url, headers, body }, signal) => {
      const response = await instance.request<Readable>({ method, url, headers, data: body, signal }).catch(named)
      const { status, data } = response
      return { status, headers: response.headers, body: data, discard: () => data.destroy() }
    },
    close: () => {
      agents.http.destroy()
      agents.https.destroy()
    },
  }
}

/** Every error of a network has a code. */
function named(error: unknown): never {
  if (axios.isAxiosError(error)) error.code ??= 'no reason given'
  throw error
}

function createAgents({ ca, insecure, proxy }: Peer, width: number) {
  const pool = {
    keepAlive: true,
    maxSockets: width,
    ...(proxy === null ? {} : { proxyEnv: { HTTP_PROXY: proxy, HTTPS_PROXY: proxy } }),
  }
  return {
    http: new http.Agent(pool),
    https: new https.Agent({
      ...pool,
      rejectUnauthorized: !insecure,
      ...(ca === null ? {} : { ca }),
    }),
  }
}

function streamLine(peer: Peer): Line {
  const dispatcher = dispatcherOf(peer)
  // Destroying rejects what is still under way; nobody waits for it any more.
  const close = () => void dispatcher.destroy().catch(() => {})
  return {
    send: async ({ method, url, headers, body }, signal) => {
      const path = url.slice(peer.origin.length)
      const message = { origin: peer.origin, method, path, headers, body: body ?? null, signal }
      const response = await dispatcher.request(message)
      return { status: response.statusCode, headers: response.headers, body: response.body, discard: close }
    },
    close,
  }
}

/** Connections for bodies that may take as long as they like. */
export function dispatcherOf({ origin, ca, insecure, proxy }: Peer): Dispatcher {
  const tls = { rejectUnauthorized: !insecure, ...(ca === null ? {} : { ca }) }
  const timeouts = { headersTimeout: headersTimeoutMs, bodyTimeout: 0, allowH2: false }
  if (proxy !== null) return new ProxyAgent({ uri: proxy, requestTls: tls, ...timeouts })
  return new Client(origin, { connect: tls, ...timeouts })
}
