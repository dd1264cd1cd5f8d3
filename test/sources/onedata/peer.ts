import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { type Clock, createSystemClock } from '../../../src/lib/clock.ts'
import { type Log, silentLog } from '../../../src/lib/log.ts'
import { fixedSecret, type SecretSource } from '../../../src/lib/secret.ts'
import { type SourceDeps, silentSourceMeter } from '../../../src/sources/define.ts'
import { type OnedataOptions, onedataOptions } from '../../../src/sources/onedata/options.ts'

/** A request as it came. */
export interface Asked {
  readonly method: string
  /** As on the wire, still encoded, without the query. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
}

/** What comes back: JSON, a bare status, anything by hand, a reset, or nothing at all. */
export type Reply =
  | { readonly json: unknown; readonly status?: number }
  | {
      readonly status: number
      readonly text?: string
      readonly type?: string
      readonly headers?: Record<string, string>
    }
  | 'reset'
  | 'silence'
  | ((response: http.ServerResponse) => void)

export interface Peer {
  readonly url: string
  readonly asked: Asked[]
}

export const testToken = 'MDAx-secret-token'

/** A server on a free port that answers as it is told; gone when the test is over. */
export async function startPeer(answer: (asked: Asked, count: number) => Reply | undefined): Promise<Peer> {
  const asked: Asked[] = []
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const [path = '', search] = (request.url ?? '').split('?')
    const one: Asked = {
      method: request.method ?? '',
      path,
      query: new URLSearchParams(search),
      headers: request.headers,
      body: Buffer.concat(chunks).toString(),
    }
    asked.push(one)
    send(response, answer(one, asked.length) ?? { status: one.method === 'GET' ? 404 : 405 })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

function send(response: http.ServerResponse, reply: Reply): void {
  if (reply === 'reset') response.socket?.resetAndDestroy()
  else if (typeof reply === 'function') reply(response)
  else if (reply !== 'silence' && 'json' in reply) {
    response.writeHead(reply.status ?? 200, { 'content-type': 'application/json' }).end(JSON.stringify(reply.json))
  } else if (reply !== 'silence') {
    const type = reply.type === undefined ? {} : { 'content-type': reply.type }
    response.writeHead(reply.status, { ...type, ...reply.headers }).end(reply.text)
  }
}

/** A provider of a version, with answers of its own before the usual ones. */
export function startProvider(
  version: string,
  answer: (asked: Asked, count: number) => Reply | undefined,
): Promise<Peer> {
  return startPeer((asked, count) => {
    if (asked.path === `${api}/configuration`) return { json: { providerId: 'p1', version, domain: 'p1.example.org' } }
    return answer(asked, count)
  })
}

export const api = '/api/v3/oneprovider'

export interface TestDeps extends SourceDeps {
  readonly calls: [route: string, status: number | 'error'][]
}

export function testDeps(overrides: { clock?: Clock; log?: Log; secret?: SecretSource } = {}): TestDeps {
  const calls: [string, number | 'error'][] = []
  return {
    name: 'hub',
    clock: overrides.clock ?? createSystemClock(),
    random: () => 0,
    log: overrides.log ?? silentLog,
    meter: { ...silentSourceMeter, call: (route, status) => calls.push([route, status]) },
    secret: () => overrides.secret ?? fixedSecret(testToken),
    calls,
  }
}

export function testOptions(host: string, more: object = {}): OnedataOptions {
  return onedataOptions.parse({
    host,
    token: { env: 'TOKEN' },
    limits: { concurrency: 8, perSecond: 1_000 },
    ...more,
  })
}

export const never = new AbortController().signal

/** An error of the API as 19.02 to 21.02 send it. */
export function refused(status: number, id: string, details?: object): Reply {
  return {
    status,
    json: { error: { id, ...(details === undefined ? {} : { details }), description: 'words that differ' } },
  }
}

export const enoent = refused(400, 'posix', { errno: 'enoent' })
export const eacces = refused(400, 'posix', { errno: 'eacces' })

/** Every page of a listing at once. */
export async function collect<T>(pages: AsyncIterable<T> | null): Promise<T[]> {
  const all: T[] = []
  for await (const page of pages ?? []) all.push(page)
  return all
}

export const space = { id: 's1', name: 'Gamma' }

/** Which route an answer belongs to: the path below the API, decoded. */
export function below(asked: Asked): string {
  return decodeURIComponent(asked.path.slice(api.length))
}
