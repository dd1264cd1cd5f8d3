import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** Lets a server listen on loopback, at any free port, until the running test has finished; what is open then is cut. */
export async function listenOnLoopback(server: Server): Promise<void> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
}

/** Where it listens: `http://127.0.0.1:PORT`. */
export function urlOf(server: Server): string {
  // A listening TCP server always has such an address.
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
