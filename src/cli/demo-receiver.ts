import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ReceivedDelivery } from './demo-verdict.ts'

/** The demo's webhook: accepts everything on loopback and remembers it. */
export interface DemoReceiver {
  readonly url: string
  readonly received: readonly ReceivedDelivery[]
  close(): Promise<void>
}

export async function startDemoReceiver(now: () => number): Promise<DemoReceiver> {
  const received: ReceivedDelivery[] = []
  const server = createServer(async (request, response) => {
    const at = now()
    const key = keyOf(await readText(request))
    // A browser, say: the address is printed.
    if (key === null) return void response.writeHead(400).end()
    received.push({ id: String(request.headers['webhook-id']), at, key })
    response.writeHead(204).end()
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  // A listening TCP server always has such an address.
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/events`,
    received,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Empty where the client hangs up before its end. */
async function readText(request: IncomingMessage): Promise<string> {
  let text = ''
  try {
    for await (const chunk of request.setEncoding('utf8')) text += chunk
  } catch {
    return ''
  }
  return text
}

/** Null where it is no event. */
function keyOf(body: string): string | null {
  try {
    const parsed: unknown = JSON.parse(body)
    return typeof parsed === 'object' && parsed !== null && 'Key' in parsed ? String(parsed.Key) : null
  } catch {
    return null
  }
}
