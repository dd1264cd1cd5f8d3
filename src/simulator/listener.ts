import http from 'node:http'
import https from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Writable } from 'node:stream'
import type { Certificate } from './certificate.ts'

/** A request as it comes in: Node's own, or one in memory. */
export interface Incoming extends AsyncIterable<Buffer> {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly headers: http.IncomingHttpHeaders
  /** Its body is here. */
  readonly complete: boolean
  /** Its sender is gone, or will be read no further. */
  readonly destroyed: boolean
}

/** The answer to it. `destroy` breaks the connection off. */
export interface Outgoing extends Writable {
  readonly statusCode: number
  setHeader(name: string, value: string): unknown
  writeHead(status: number, headers: Readonly<Record<string, string>>): unknown
  flushHeaders(): void
}

/** Answers one request; `reset` breaks its connection as a machine does that knows of none. */
export type Serve = (request: Incoming, response: Outgoing, reset: () => void) => void

/** Where a server takes its requests from. */
export interface Listener {
  /** Resolves with the port; rejects when it is taken. May be called again after `close`. */
  listen(port: number, host: string, serve: Serve): Promise<number>
  /** Drops all connections, as a machine that loses power does. */
  close(): Promise<void>
}

/** A provider closes a connection after so many requests. */
const requestsPerConnection = 30
const keepAliveMs = 300_000

/** A real port; HTTPS where there is a certificate. */
export function createSocketListener(certificate: Certificate | null): Listener {
  const sockets = new Set<Socket>()
  let server: http.Server | null = null
  return {
    listen: async (port, host, serve) => {
      const opened = createServer(certificate, (request, response) =>
        serve(request, response, () => request.socket.resetAndDestroy()),
      )
      opened.on('connection', (socket) => {
        sockets.add(socket)
        socket.on('close', () => sockets.delete(socket))
      })
      await new Promise<void>((resolve, reject) => {
        opened.once('error', reject)
        opened.listen(port, host, resolve)
      })
      server = opened
      // A server that listens on a port has such an address.
      return (opened.address() as AddressInfo).port
    },
    close: async () => {
      const open = server
      if (open === null) return
      server = null
      const closed = new Promise<void>((resolve) => open.close(() => resolve()))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

function createServer(certificate: Certificate | null, answer: http.RequestListener): http.Server {
  const options = { keepAliveTimeout: keepAliveMs, requestTimeout: 0 }
  const server =
    certificate === null
      ? http.createServer(options, answer)
      : https.createServer({ ...options, key: certificate.key, cert: certificate.cert }, answer)
  server.maxRequestsPerSocket = requestsPerConnection
  return server
}
