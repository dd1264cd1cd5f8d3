import http from 'node:http'
import { onTestFinished } from 'vitest'
import type { Simulator } from '../../src/simulator/create-simulator.ts'
import { waitFor } from '../support/wait-for.ts'

/** What came back. */
export interface Reply {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly text: string
  /** An object or, here and there, a list; undefined where it is no JSON. */
  readonly json: Readonly<Record<string, unknown>>
}

export interface Ask {
  readonly body?: string | Uint8Array | object
  readonly headers?: Readonly<Record<string, string>>
  /** Null = none. */
  readonly token?: string | null
  readonly agent?: http.Agent
}

/** Asks the REST API: `ask('GET', '/data/ID')`; a path that begins with `/api` or `/cdmi` is taken as it is. Bodies may go with GET. */
export function rest(simulator: Pick<Simulator, 'url' | 'token'>) {
  return (method: string, path: string, ask: Ask = {}): Promise<Reply> =>
    new Promise((resolve, reject) => {
      const request = open(simulator, method, path, ask, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          // What it is, each test says.
          const json = parse(text) as Readonly<Record<string, unknown>>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json })
        })
      })
      request.on('error', reject)
      request.end(bodyOf(ask))
    })
}

function open(
  simulator: Pick<Simulator, 'url' | 'token'>,
  method: string,
  path: string,
  ask: Ask,
  answered: (response: http.IncomingMessage) => void,
): http.ClientRequest {
  const token = ask.token === undefined ? simulator.token : ask.token
  const body = bodyOf(ask)
  // Said outright: Node frames no body of a GET or DELETE by itself.
  const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }
  const headers = { ...(token === null ? {} : { 'X-Auth-Token': token }), ...length, ...ask.headers }
  const full = /^\/(?:api|cdmi)\b/.test(path) ? path : `/api/v3/oneprovider${path}`
  return http.request(`${simulator.url}${full}`, { method, headers, ...(ask.agent && { agent: ask.agent }) }, answered)
}

function bodyOf({ body }: Ask): string | Uint8Array | undefined {
  return typeof body === 'object' && !(body instanceof Uint8Array) ? JSON.stringify(body) : body
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export interface SseBlock {
  readonly id: number
  readonly event: string
  /** Null in heartbeats. */
  readonly data: EventData | null
}

export interface EventData {
  readonly fileId: string
  readonly parentFileId: string
  readonly attributes?: Readonly<Record<string, unknown>>
}

/** An open stream, read as it comes. */
export interface OpenStream {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  /** All that came so far. */
  text(): string
  /** How it ended: null while it is open. */
  ended(): 'clean' | 'broken' | null
  close(): void
}

/** Opens a stream and resolves with its headers; closed when the test is over. */
export function openStream(simulator: Simulator, path: string, ask: Ask): Promise<OpenStream> {
  return new Promise((resolve, reject) => {
    let text = ''
    let ended: 'clean' | 'broken' | null = null
    const request = open(simulator, 'POST', path, { ...ask, agent: new http.Agent() }, (response) => {
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('error', () => {})
      response.on('close', () => {
        ended = response.complete ? 'clean' : 'broken'
      })
      const { statusCode: status = 0, headers } = response
      resolve({ status, headers, text: () => text, ended: () => ended, close: () => request.destroy() })
    })
    request.on('error', reject)
    request.end(bodyOf(ask))
    onTestFinished(() => {
      request.destroy()
    })
  })
}

export interface EventsAsk extends Omit<Ask, 'body'> {
  readonly directories: readonly string[]
  readonly attributes?: readonly string[]
  readonly lastEventId?: number
}

/** A stream of file events with what it gave. */
export interface Events extends OpenStream {
  /** Blocks that came so far and could be read. */
  blocks(): readonly SseBlock[]
  /** Waits for so many blocks at least. */
  count(atLeast: number): Promise<readonly SseBlock[]>
  /** Waits until a block fits. */
  until(what: string, fits: (block: SseBlock) => boolean): Promise<readonly SseBlock[]>
}

export async function openEvents(simulator: Simulator, ask: EventsAsk): Promise<Events> {
  const stream = await openStream(simulator, `/spaces/${simulator.space.id}/events/files`, {
    ...ask,
    headers: { ...ask.headers, ...(ask.lastEventId === undefined ? {} : { 'Last-Event-Id': String(ask.lastEventId) }) },
    body: {
      observedDirectories: ask.directories,
      observedAttributes: ask.attributes ?? ['name', 'type', 'size', 'mtime'],
    },
  })
  const blocks = () => stream.text().split('\n\n').slice(0, -1).flatMap(readBlock)
  return {
    ...stream,
    blocks,
    count: (atLeast) => waitFor(`${atLeast} events came`, () => blocks().length >= atLeast && blocks()),
    until: (what, fits) => waitFor(what, () => blocks().some(fits) && blocks()),
  }
}

function readBlock(text: string): readonly SseBlock[] {
  const fields = new Map(
    text.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  )
  // What it is, each test says.
  const data = parse(fields.get('data') ?? '') as EventData | null | undefined
  return data === undefined ? [] : [{ id: Number(fields.get('id')), event: fields.get('event') ?? '', data }]
}
