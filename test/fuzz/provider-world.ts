import { once } from 'node:events'
import http from 'node:http'
import type { Space } from '../../src/core/source.ts'
import type { Clock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { fixedSecret } from '../../src/lib/secret.ts'
import { type SourceDeps, silentSourceMeter } from '../../src/sources/define.ts'
import { createConnection, rankProviders, watchTokenEnd } from '../../src/sources/onedata/connect.ts'
import { onedata } from '../../src/sources/onedata/index.ts'
import { type OnedataOptions, onedataOptions } from '../../src/sources/onedata/options.ts'
import { createRestProvider } from '../../src/sources/onedata/provider-rest.ts'
import type { Spoilt } from './areas/provider.ts'
import { mutated } from './junk.ts'
import { type Origin, originOf, versions } from './origin.ts'

/** Simulated providers of all generations, and before them a proxy that spoils some of their answers. */
export class ProviderWorld {
  readonly #origins: ReadonlyMap<string, Origin>
  readonly #server: http.Server
  #spoilt: Spoilt = { version: '25.0', answers: [] }
  #count = 0

  private constructor(origins: ReadonlyMap<string, Origin>) {
    this.#origins = origins
    this.#server = http.createServer((request, response) => {
      this.#forward(request, response).catch(() => response.destroy())
    })
  }

  static async start(): Promise<ProviderWorld> {
    const origins = new Map<string, Origin>()
    for (const version of versions) origins.set(version, await originOf(version))
    const world = new ProviderWorld(origins)
    world.#server.listen(0, '127.0.0.1')
    await once(world.#server, 'listening')
    return world
  }

  /** From now on, answers are spoilt like this; they are counted anew. */
  spoil(how: Spoilt): void {
    this.#spoilt = how
    this.#count = 0
  }

  get space(): Space {
    return this.#origin.space
  }

  get files(): Origin['files'] {
    return this.#origin.files
  }

  get directory(): Origin['directory'] {
    return this.#origin.directory
  }

  async open() {
    const [options, deps] = [this.#options({ host: this.#url }), this.#deps()]
    const signal = new AbortController().signal
    const provider = await createRestProvider(createConnection(this.#url, options, deps), options, deps, signal)
    return { provider, [Symbol.asyncDispose]: () => provider.close() }
  }

  /** Providers of the space as a zone tells of them, and the end of the token. */
  async askZone(): Promise<void> {
    const [options, deps] = [this.#options({ zone: this.#url }), this.#deps()]
    const stop = new AbortController()
    const ending = watchTokenEnd(options, { ...deps, clock: stoppingClock(stop) }, stop.signal)
    try {
      const origins = await rankProviders(options, deps, this.space, new AbortController().signal)
      for (const origin of origins) {
        // What a provider is asked of, and its streams, are reached by this.
        if (new URL(origin).origin !== origin.toLowerCase()) throw new Error(`a provider at ${origin}`)
      }
    } finally {
      await ending
    }
  }

  async readContent(): Promise<void> {
    const source = onedata.build({ ...this.#raw({ host: this.#url }) }, this.#deps())
    const [file] = this.files
    try {
      const range = { start: 0, length: 4 }
      const part = await source.readContent(
        { space: this.space, fileId: file?.fileId ?? '' },
        range,
        new AbortController().signal,
      )
      if (part.bytes.length > 4) throw new Error(`${part.bytes.length} bytes where 4 were asked for`)
    } finally {
      await source.close()
    }
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    for (const { simulator } of this.#origins.values()) await simulator.close()
  }

  get #origin(): Origin {
    const origin = this.#origins.get(this.#spoilt.version)
    if (origin === undefined) throw new Error(`no simulator of ${this.#spoilt.version}`)
    return origin
  }

  get #url(): string {
    const address = this.#server.address()
    return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
  }

  #raw(place: object) {
    return { ...place, token: { env: 'TOKEN' }, limits: { concurrency: 1, perSecond: 1_000 } }
  }

  #options(place: object): OnedataOptions {
    return onedataOptions.parse(this.#raw(place))
  }

  #deps(): SourceDeps {
    const token = this.#origin.simulator.token
    const meter = silentSourceMeter
    return { name: 'hub', clock: hastyClock, random: () => 0, log: silentLog, meter, secret: () => fixedSecret(token) }
  }

  async #forward(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const change = this.#spoilt.answers.find(({ at }) => at === this.#count)
    this.#count += 1
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { host: _host, ...headers } = request.headers
    const forwarded = http.request(`${this.#origin.simulator.url}${request.url}`, { method: request.method, headers })
    forwarded.end(Buffer.concat(chunks))
    // as: that is what this event hands over
    const [answer] = (await once(forwarded, 'response')) as [http.IncomingMessage]
    const body: Buffer[] = []
    for await (const chunk of answer) body.push(chunk)
    send(response, answer, Buffer.concat(body), change)
  }
}

type Change = Spoilt['answers'][number] | undefined

function send(response: http.ServerResponse, answer: http.IncomingMessage, body: Buffer, change: Change): void {
  const { 'content-length': _length, 'transfer-encoding': _encoding, ...headers } = answer.headers
  const status = answer.statusCode ?? 500
  switch (change?.how) {
    case undefined:
      return void response.writeHead(status, headers).end(body)
    case 'json':
      return void response.writeHead(status, headers).end(mutated(parsed(body), change.changes))
    case 'status':
      return void response.writeHead(change.status, headers).end(body)
    case 'garbage':
      return void response
        .writeHead(status, headers)
        .end(Buffer.from([0xff, 0x00, ...body.subarray(0, 20), 0xf0, 0x9f]))
    case 'cut':
      response.writeHead(status, { ...headers, 'content-length': body.length + 10 })
      response.write(body.subarray(0, body.length / 2), () => response.destroy())
      return
    case 'reset':
      return void response.socket?.resetAndDestroy()
    case 'zipped':
      return void response.writeHead(status, { ...headers, 'content-encoding': 'gzip' }).end(body)
    case 'html':
      return void response.writeHead(status, { 'content-type': 'text/html', date: 'yesterday' }).end('<html>')
  }
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return body.toString('latin1').slice(0, 100)
  }
}

/** Short waits are over at once, long ones (time-outs) never come. */
const hastyClock: Clock = {
  now: () => 1_800_000_000_000,
  wall: () => 1_800_000_000_000,
  timer: (delayMs, run) => {
    if (delayMs > 20_000) return () => {}
    const immediate = setImmediate(run)
    return () => clearImmediate(immediate)
  },
}

/** The first long wait ends everything. */
function stoppingClock(stop: AbortController): Clock {
  return {
    ...hastyClock,
    timer: (delayMs, run) => {
      if (delayMs > 3_600_000) setImmediate(() => stop.abort(new Error('enough was seen')))
      return hastyClock.timer(delayMs, run)
    },
  }
}
