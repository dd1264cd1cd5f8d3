import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { trickle } from '../../support/endless-server.ts'

/** What of OSCAR's interface differs between its versions, as far as it concerns a sender of events. */
interface Version {
  /** Whether a plain event of OneTrigger is taken, or ends in a 500. */
  readonly takesPlain: boolean
  readonly takesDelegated: boolean
  /** Whether `X-Delegated-Job-ID` names the job. */
  readonly namesJobs: boolean
  /** Whether jobs are told in pages below `jobs`, or as a bare map. */
  readonly pagedLogs: boolean
}

const before = { takesPlain: true, takesDelegated: true, namesJobs: false, pagedLogs: false }

/** By the table of what each version does (read from its sources). */
export const oscarVersions: Readonly<Record<string, Version>> = {
  '2.2': before,
  '3.3.0': { ...before, takesPlain: false, takesDelegated: false },
  '3.3.3': before,
  '3.5.3': { ...before, takesPlain: false },
  '3.6.5': { ...before, pagedLogs: true },
  '4.1.2': { ...before, pagedLogs: true, namesJobs: true },
}

export type Behaviour = 'accept' | 'reject' | 'busy' | 'hang' | 'trickle' | 'down'

/** An OSCAR cluster with one service, on loopback. */
export class OscarCluster {
  url = ''
  /** The token of the service; an update of the service makes another. */
  token = 't'.repeat(64)
  /** What the definition of the service says beside its name and token. */
  definition: object = {}
  behaviour: Behaviour = 'accept'
  asked = 0
  /** Runs when a request has come, before it is answered. */
  pause: () => Promise<void> = async () => {}
  /** Bodies of the jobs that were started, by their names. */
  readonly jobs = new Map<string, string>()
  /** What `/system/logs` tells of a job. */
  readonly statuses = new Map<string, object>()
  readonly authorizations: string[] = []
  readonly #version: Version
  readonly #server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    await this.pause()
    if (this.behaviour === 'trickle') return trickle(response, 'body')
    const [status, text, headers] = this.#answer(request.method ?? '', request.url ?? '', request.headers, body)
    if (status !== 0) response.writeHead(status, headers).end(text)
  })

  private constructor(version: Version) {
    this.#version = version
  }

  static async start(version = '4.1.2'): Promise<OscarCluster> {
    const cluster = new OscarCluster(oscarVersions[version] ?? before)
    await new Promise<void>((resolve) => cluster.#server.listen(0, '127.0.0.1', resolve))
    // A listening TCP server always has such an address.
    cluster.url = `http://127.0.0.1:${(cluster.#server.address() as AddressInfo).port}`
    onTestFinished(() => cluster.close())
    return cluster
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }

  #answer(
    method: string,
    url: string,
    headers: Readonly<Record<string, string | string[] | undefined>>,
    body: string,
  ): readonly [status: number, text: string, headers: Record<string, string>] {
    const path = url.replace(/\?.*/, '')
    const authorization = String(headers.authorization)
    this.authorizations.push(authorization)
    const json = { 'content-type': 'application/json' }
    if (path === '/job/yolo' && method === 'POST') return this.#job(authorization, headers['x-delegated-job-id'], body)
    const known = [`Basic ${Buffer.from('oscar:canary').toString('base64')}`, 'Bearer canary']
    if (!known.includes(authorization)) return [401, '', {}]
    if (path === '/system/services/yolo')
      return [200, JSON.stringify({ name: 'yolo', token: this.token, ...this.definition }), json]
    if (path === '/system/logs/yolo') return [200, JSON.stringify(this.#logs(url)), json]
    return [404, '', {}]
  }

  #job(
    authorization: string,
    name: string | string[] | undefined,
    body: string,
  ): readonly [number, string, Record<string, string>] {
    this.asked += 1
    if (this.behaviour === 'hang' || this.behaviour === 'down') return [0, '', {}]
    if (this.behaviour === 'reject') return [422, `x${'é'.repeat(2_000)}`, {}]
    if (this.behaviour === 'busy') return [429, '', { 'retry-after': '7' }]
    if (authorization !== `Bearer ${this.token}`) return [401, '', {}]
    const isPlain = body.startsWith('{"Key"')
    if (isPlain ? !this.#version.takesPlain : !this.#version.takesDelegated) return [500, 'panic', {}]
    const job = this.#version.namesJobs ? String(name) : `yolo-${this.jobs.size}`
    if (this.jobs.has(job)) return [500, `jobs.batch "${job}" already exists`, {}]
    this.jobs.set(job, body)
    return [201, '', {}]
  }

  /** Two jobs a page. */
  #logs(url: string): object {
    const all = [...this.statuses]
    if (!this.#version.pagedLogs) return Object.fromEntries(all)
    const start = Number(new URL(url, 'http://x').searchParams.get('page') ?? '0')
    const next = start + 2 < all.length ? String(start + 2) : ''
    return { jobs: Object.fromEntries(all.slice(start, start + 2)), next_page: next }
  }
}
