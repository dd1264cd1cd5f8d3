import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Cursor, WatchBatch } from '../../src/core/source.ts'
import type { Clock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { fixedSecret } from '../../src/lib/secret.ts'
import { silentSourceMeter } from '../../src/sources/define.ts'
import { onedata } from '../../src/sources/onedata/index.ts'
import { type Origin, originOf } from './origin.ts'
import { headOf } from './raw-answer.ts'
import { type Session, type SpoiltStream, sent } from './spoilt-streams.ts'

/** Streams are asked for here; everything else is what the simulated provider says. */
const streamRoutes = /^\/api\/v3\/oneprovider\/(?:spaces\/[^/]+\/events\/files|changes\/metadata\/)/
/** Longer than the network itself waits for the head of an answer (30 s, of real time), and shorter than the watchdog of `prove:fuzz`. */
const hangsAfterMs = 45_000

/** After so many requests there will be no end of them. */
const restless = 1_000

interface Turn {
  readonly streams: readonly SpoiltStream[]
  readonly again: boolean
  /** Streams so far. */
  opened: number
  asked: number
  underWay: number
  /** Connections of streams that stay open. */
  readonly held: Set<Socket>
  readonly onHeld: () => void
}

/** A provider whose answers are good and whose streams are whatever they are told to be; the last one opens and says nothing. */
export class SessionWorld {
  readonly #origin: Origin
  readonly #server: http.Server
  #turn: Turn | null = null

  private constructor(origin: Origin) {
    this.#origin = origin
    this.#server = http.createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy())
    })
  }

  static async start(): Promise<SessionWorld> {
    const world = new SessionWorld(await originOf('25.0'))
    world.#server.listen(0, '127.0.0.1')
    await once(world.#server, 'listening')
    return world
  }

  /**
   * Watches through these streams until the silent one is open, or, where they come again and again, until the watch waits for so long that it rests;
   * gives the number of requests.
   */
  async watch({ via, streams, cursor, again }: Session, onBatch: (batch: WatchBatch) => void): Promise<number> {
    const held = Promise.withResolvers<void>()
    const turn: Turn = { streams, again, opened: 0, asked: 0, underWay: 0, held: new Set(), onHeld: held.resolve }
    this.#turn = turn
    const clock = new QuickClock()
    const source = onedata.build(this.#options(via), this.#deps(clock))
    const stop = new AbortController()
    try {
      const watch = await source.openSpace('Gamma', stop.signal)
      const from: Cursor | null =
        cursor === null ? null : { provider: this.#origin.simulator.providerId, via, value: cursor }
      const sink = { push: async (batch: WatchBatch) => onBatch(batch), known: async () => new Map() }
      const needs = { folders: ['in'], holes: true, xattrs: ['done'] }
      const ended = watch.run({ cursor: from, needs, sink }, stop.signal)
      const state = () =>
        `${turn.asked} requests, ${turn.opened} streams, ${turn.underWay} answers and ${clock.pending} waits open`
      if (!again) await inTime('the streams are used up', state, Promise.race([held.promise, ended]))
      await inTime('nothing is asked any more', state, Promise.race([rest(turn, clock), ended]))
      stop.abort(new Error('enough was seen'))
      await inTime('it ends', state, ended.catch(onlyAborted))
    } finally {
      stop.abort(new Error('enough was seen'))
      for (const socket of turn.held) socket.destroy()
      await source.close()
    }
    return turn.asked
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await this.#origin.simulator.close()
  }

  #options(via: Session['via']) {
    const { port } = this.#server.address() as AddressInfo
    const limits = { concurrency: 4, perSecond: 1_000 }
    return { host: `http://127.0.0.1:${port}`, token: { env: 'TOKEN' }, via, limits }
  }

  #deps(clock: Clock) {
    const meter = silentSourceMeter
    const secret = () => fixedSecret(this.#origin.simulator.token)
    return { name: 'hub', clock, random: () => 0, log: silentLog, meter, secret }
  }

  async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const turn = this.#turn
    if (turn === null) return void response.destroy()
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    turn.asked += 1
    // A question whether the route is there names nothing to watch.
    if (request.method === 'POST' && streamRoutes.test(request.url ?? '')) return this.#stream(request.socket, turn)
    turn.underWay += 1
    try {
      await this.#forward(request, Buffer.concat(chunks), response)
    } finally {
      turn.underWay -= 1
    }
  }

  #stream(socket: Socket, turn: Turn): void {
    socket.on('error', () => {})
    const spoilt = turn.streams[turn.again ? turn.opened % turn.streams.length : turn.opened]
    turn.opened += 1
    // An earlier watch may have gone while its request was read: nothing tells its end any more.
    if (socket.destroyed) return
    if (spoilt !== undefined) {
      turn.underWay += 1
      socket.on('close', () => {
        turn.underWay -= 1
      })
      return void this.#spoil(socket, spoilt)
    }
    socket.write(headOf({ status: 200, headers: [['content-type', 'text/event-stream']] }))
    turn.held.add(socket)
    turn.onHeld()
  }

  async #spoil(socket: Socket, { status, headers, chunks, end }: SpoiltStream): Promise<void> {
    socket.write(headOf({ status, headers }))
    for (const chunk of chunks) {
      const out = sent(chunk)
      const bytes = typeof out === 'string' ? Buffer.from(this.#named(out), 'utf8') : out
      await new Promise((resolve) => socket.write(bytes, resolve))
    }
    if (end === 'reset') socket.resetAndDestroy()
    else socket.end()
  }

  /** What stands for ids of this world becomes them. */
  #named(text: string): string {
    const { directory, files, space } = this.#origin
    return text
      .replaceAll('{directory}', directory.fileId)
      .replaceAll('{file}', files[0]?.fileId ?? '')
      .replaceAll('{space}', space.id)
  }

  async #forward(request: http.IncomingMessage, body: Buffer, response: http.ServerResponse): Promise<void> {
    const { host: _host, ...headers } = request.headers
    const url = `${this.#origin.simulator.url}${request.url}`
    const forwarded = http.request(url, { method: request.method, headers })
    forwarded.end(body)
    // as: that is what this event hands over
    const [answer] = (await once(forwarded, 'response')) as [http.IncomingMessage]
    const parts: Buffer[] = []
    for await (const part of answer) parts.push(part)
    const { 'content-length': _length, 'transfer-encoding': _encoding, ...kept } = answer.headers
    response.writeHead(answer.statusCode ?? 500, kept).end(Buffer.concat(parts))
  }
}

/** Short waits are over at once and take their time on it; long ones (time-outs, the next regular listing) never come. */
class QuickClock implements Clock {
  /** Short waits that are not over. */
  pending = 0
  #now = 1_800_000_000_000

  now(): number {
    return this.#now
  }

  wall(): number {
    return this.#now
  }

  timer(delayMs: number, run: () => void): () => void {
    if (delayMs > 20_000) return () => {}
    const due = this.#now + delayMs
    this.pending += 1
    let isPending = true
    const end = () => {
      if (isPending) this.pending -= 1
      isPending = false
    }
    const immediate = setImmediate(() => {
      end()
      this.#now = Math.max(this.#now, due)
      run()
    })
    return () => {
      end()
      clearImmediate(immediate)
    }
  }
}

/** Nothing is under way, nothing is waited for but what is far away, and that for some turns: the end of a connection takes its time. */
async function rest(turn: Turn, clock: QuickClock): Promise<void> {
  for (let turns = 0, asked = turn.asked; turns < 30 && turn.asked < restless; turns++) {
    await new Promise((resolve) => setImmediate(resolve))
    if (turn.underWay > 0 || clock.pending > 0 || turn.asked !== asked) [turns, asked] = [0, turn.asked]
  }
}

async function inTime(what: string, state: () => string, promise: Promise<unknown>): Promise<void> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`it hangs before ${what}: ${state()}`)), hangsAfterMs)
  await Promise.race([promise, late.promise]).finally(() => clearTimeout(timer))
}

function onlyAborted(error: unknown): void {
  if (!(error instanceof Error && error.message === 'enough was seen')) throw error
}
