import { SourceError } from '../../core/errors.ts'
import type { Clock } from '../../lib/clock.ts'
import { gather, type Piece } from '../../lib/gather.ts'
import type { Reply } from '../../lib/network.ts'
import { throughProxy } from '../../lib/proxy.ts'
import { parseJson } from './errors.ts'
import { objectOf } from './events-messages.ts'
import type { Connection } from './provider.ts'
import { readText } from './wire.ts'

export interface StreamRequest {
  readonly connection: Connection
  /** With query; already encoded. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: object
  readonly clock: Clock
  /** Cut the stream when it was silent for this long: a half-open connection says nothing for ever. */
  readonly watchdogMs: number
}

/** An open stream. Leaving the loop over `chunks`, of pieces that are worked on together, closes it. */
export interface OpenStream {
  readonly chunks: AsyncIterable<readonly Piece[]>
  close(): void
}

/** Characters worked on at once, some 200 events: few enough that files that fall due need not wait long for their turn. */
const together = 65_536
/**
 * News wait for what is due: between two pieces lies so many times what the first one took, or less, so that none waits for more than a second. Under load
 * they are stored together, which is what lets it keep up; and 8,000 events at once hold up nobody.
 */
const [rests, patienceMs] = [4, 1_000]
/**
 * Characters that are read ahead while what came before is worked on, some 8,000 events: a provider tells at once of all files whose times changed in
 * the last 8 s, and what lies behind that in its stream is not heard of, nor its age known, before it is read.
 */
const ahead = 4_194_304
/** For the head of the answer, and for a refusal; the stream itself may take as long as it likes. */
const headTimeoutMs = 30_000
/** Bytes of a refusal that are looked at. */
const mostOfRefusal = 65_536

/** One of the directories that were to be watched is gone, or may not be entered: all of them are refused for it. */
export class DirectoryRefused extends SourceError {
  /** Which of those that were asked for, from 0 on. */
  readonly index: number

  constructor(message: string, index: number) {
    super('SOURCE_PROTOCOL', message)
    this.index = index
  }
}

/** POSTs and resolves when the headers of a 200 are there, that is, when the subscription is active. Rejects with `SourceError`, `DirectoryRefused`. */
export async function openStream(request: StreamRequest, signal: AbortSignal): Promise<OpenStream> {
  const first = await attempt(request, tokenOf(request.connection), signal)
  if (first.reply.status !== 401) return streamOf(request, first, signal)
  first.close()
  return streamOf(request, await attempt(request, refreshedToken(request.connection), signal), signal)
}

interface Attempt {
  readonly reply: Reply
  close(): void
}

async function attempt(request: StreamRequest, token: string, signal: AbortSignal): Promise<Attempt> {
  const { connection, path, headers, body, clock } = request
  const line = connection.network.stream(connection)
  const message = {
    method: 'POST',
    url: `${connection.origin}${path}`,
    headers: { ...headers, 'Content-Type': 'application/json', 'X-Auth-Token': token },
    body: JSON.stringify(body),
  }
  let isLate = false
  const cancel = clock.timer(headTimeoutMs, () => {
    isLate = true
    line.close()
  })
  try {
    return { reply: await line.send(message, signal), close: () => line.close() }
  } catch (error) {
    line.close()
    signal.throwIfAborted()
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    const why = isLate ? `it did not answer within ${headTimeoutMs / 1_000} s` : code
    throw new SourceError(
      'SOURCE_UNREACHABLE',
      `${connection.origin} could not be reached for its stream${throughProxy(connection.proxy)} (${why})`,
    )
  } finally {
    cancel()
  }
}

async function streamOf(request: StreamRequest, { reply, close }: Attempt, signal: AbortSignal): Promise<OpenStream> {
  const { status } = reply
  if (status === 200) {
    const { clock } = request
    const options = { together, ahead, rests, patienceMs, clock, close }
    return { chunks: gather(watched(request, reply.body, close, signal), options), close }
  }
  const { origin } = request.connection
  const refused = status === 400 ? await refusedDirectory(request, reply, close) : null
  close()
  signal.throwIfAborted()
  if (refused !== null) throw new DirectoryRefused(`${origin} lets nobody watch one of the directories`, refused)
  if (status === 401) throw new SourceError('SOURCE_UNAUTHORIZED', `${origin} refused the token for its stream`)
  if (status === 403) throw new SourceError('SOURCE_FORBIDDEN', `${origin} does not let this token read its stream`)
  if (status >= 500) throw new SourceError('SOURCE_UNREACHABLE', `${origin} answered ${status} for its stream`)
  throw new SourceError('SOURCE_PROTOCOL', `${origin} answered ${status} for its stream`)
}

/** The index that a refusal names (`observedDirectories[N]`, from 1 on); null = it is about something else. */
async function refusedDirectory({ clock }: StreamRequest, { body }: Reply, close: () => void): Promise<number | null> {
  const cancel = clock.timer(headTimeoutMs, close)
  try {
    const { error } = objectOf(parseJson((await readText(body, mostOfRefusal)) ?? ''))
    const number = /^observedDirectories\[(\d+)\]$/.exec(String(objectOf(objectOf(error).details).key))?.[1]
    return number === undefined || number === '0' ? null : Number(number) - 1
  } catch {
    return null
  } finally {
    cancel()
  }
}

async function* watched(
  { clock, watchdogMs, connection }: StreamRequest,
  body: Reply['body'],
  close: () => void,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let cancel = () => {}
  let silent = false
  const arm = () => {
    cancel()
    cancel = clock.timer(watchdogMs, () => {
      silent = true
      close()
    })
  }
  try {
    arm()
    for await (const chunk of body) {
      // While the chunk is worked on, nobody listens; that is no silence of the provider.
      cancel()
      yield decoder.decode(chunk, { stream: true })
      arm()
    }
  } catch {
    signal.throwIfAborted()
    const why = silent ? 'was silent for too long' : 'broke off'
    throw new SourceError('SOURCE_UNREACHABLE', `the stream of ${connection.origin} ${why}`)
  } finally {
    cancel()
    close()
  }
}

function tokenOf(connection: Connection): string {
  return readable(() => connection.token(), connection)
}

function refreshedToken(connection: Connection): string {
  return readable(() => connection.refreshToken(), connection)
}

/** A token that cannot be read for a moment is an outage, not the end. */
function readable(read: () => string, { origin }: Connection): string {
  try {
    return read()
  } catch (cause) {
    throw new SourceError('SOURCE_UNAUTHORIZED', `the token for ${origin} cannot be read`, { cause })
  }
}
