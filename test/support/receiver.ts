import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import type { ReceivedDelivery } from '../../src/cli/demo-verdict.ts'
import { createSystemClock } from '../../src/lib/clock.ts'

/** A webhook that can be told what to answer. */
export interface Receiver {
  readonly url: string
  /** Requests that it accepted. */
  readonly received: readonly ReceivedDelivery[]
  /** All requests, refused ones too. */
  readonly attempts: number
  /** What it answers; 2xx accepts. */
  answer: number
  /** It takes requests and answers none. */
  hangs: boolean
  /** Keys of the accepted requests in the order of their coming. */
  keys(): readonly string[]
}

/** Starts one on a free port; it is gone when the running test has finished. */
export async function startReceiver(answer = 204): Promise<Receiver> {
  const clock = createSystemClock()
  const received: ReceivedDelivery[] = []
  const receiver = { url: '', received, attempts: 0, answer, hangs: false, keys: () => received.map(({ key }) => key) }
  const server = createServer(async (request, response) => {
    const at = clock.now()
    let text = ''
    for await (const chunk of request.setEncoding('utf8')) text += chunk
    // `check --connect` asks whether somebody is there.
    if (request.method !== 'POST') return response.writeHead(204).end()
    receiver.attempts++
    if (receiver.hangs) return undefined
    if (receiver.answer < 300) received.push({ id: String(request.headers['webhook-id']), at, key: keyOf(text) })
    response.writeHead(receiver.answer).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  )
  // A listening TCP server always has such an address.
  const { port } = server.address() as AddressInfo
  receiver.url = `http://127.0.0.1:${port}/events`
  return receiver
}

function keyOf(body: string): string {
  const event: unknown = JSON.parse(body)
  return typeof event === 'object' && event !== null && 'Key' in event ? String(event.Key) : '(no Key)'
}

/** A webhook for the contract of targets; it answers with more than 1 KiB. */
export interface BehavingReceiver {
  readonly url: string
  behave(how: 'accept' | 'reject' | 'busy' | 'hang' | 'down'): Promise<void>
  asked(): number
  taken(): number
  /** `webhook-id` and `Key` of each request that it accepted. */
  identities(): readonly string[]
  /** Runs when the test has finished. */
  atEnd(run: () => Promise<void>): void
}

/** Starts one on a free port; it is gone when the running test has finished. `busy` asks to wait for 7 seconds. */
export async function startBehavingReceiver(): Promise<BehavingReceiver> {
  const statuses = { accept: 202, reject: 422, busy: 429 } as const
  let behaviour: keyof typeof statuses | 'hang' | 'down' = 'accept'
  let asked = 0
  const identities: string[] = []
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request.setEncoding('utf8')) text += chunk
    asked++
    if (behaviour === 'hang' || behaviour === 'down') return
    if (behaviour === 'accept') identities.push(`${String(request.headers['webhook-id'])} ${keyOf(text)}`)
    const wait = behaviour === 'busy' ? { 'retry-after': '7' } : {}
    // One byte off, so that the cap falls into the middle of a character.
    response.writeHead(statuses[behaviour], wait).end(`x${'é'.repeat(2_000)}`)
  })
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(close)
  // A listening TCP server always has such an address.
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/events`,
    behave: async (how) => {
      behaviour = how
      if (how === 'down') await close()
    },
    asked: () => asked,
    taken: () => identities.length,
    identities: () => identities,
    atEnd: (run) => onTestFinished(run),
  }
}
