import type { Dispatcher } from 'undici'
import { SourceError } from '../../core/errors.ts'
import type { ContentPart, FileVersion, Space } from '../../core/source.ts'
import type { SourceDeps } from '../define.ts'
import { createConnection, openProvider, rankProviders } from './connect.ts'
import type { OnedataOptions } from './options.ts'
import type { Connection } from './provider.ts'
import { dispatcherOf } from './sockets.ts'

interface Reachable {
  readonly connection: Connection
  readonly dispatcher: Dispatcher
}

/** Reads parts of files by `GET /data/{id}/content` (from 20.02 on), from the best provider of their space. */
export class ContentReader {
  readonly #options: OnedataOptions
  readonly #deps: SourceDeps
  /** By space: the provider that answered last. */
  readonly #providers = new Map<string, Reachable>()

  constructor(options: OnedataOptions, deps: SourceDeps) {
    this.#options = options
    this.#deps = deps
  }

  /** See `Source.readContent`. */
  async read(
    { space, fileId }: { readonly space: Space; readonly fileId: string },
    { start, length }: { readonly start: number; readonly length: number },
    signal: AbortSignal,
  ): Promise<ContentPart> {
    const provider = this.#providers.get(space.id) ?? (await this.#choose(space, signal))
    const late = new AbortController()
    const cancel = this.#deps.clock.timer(this.#options.requestTimeout, () => late.abort())
    try {
      return await download(provider, fileId, start, length, AbortSignal.any([signal, late.signal]))
    } catch (error) {
      // The next read asks which provider is the best by then.
      this.#providers.delete(space.id)
      void provider.dispatcher.destroy().catch(() => {})
      signal.throwIfAborted()
      if (error instanceof SourceError) throw error
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
      const message = `${provider.connection.origin} did not hand out the content of a file (${code})`
      throw new SourceError('SOURCE_UNREACHABLE', message)
    } finally {
      cancel()
    }
  }

  /** See `Source.fileVersion`. */
  async version(
    { space, fileId, path }: { readonly space: Space; readonly fileId: string; readonly path: string },
    signal: AbortSignal,
  ): Promise<FileVersion | null> {
    const [origin] = await rankProviders(this.#options, this.#deps, space, signal)
    const provider = await openProvider(origin ?? '', this.#options, this.#deps, signal)
    try {
      const request = { fileId, path, xattrs: [], cdmi: false, distribution: false }
      const [answer] = await provider.read(space, [request], signal)
      if (answer === undefined || answer.kind === 'unavailable') {
        throw new SourceError('SOURCE_UNREACHABLE', answer?.reason ?? 'the provider did not tell of the file')
      }
      if (answer.kind !== 'file') return null
      return { size: answer.facts.size ?? null, mtime: answer.facts.mtime ?? null }
    } finally {
      await provider.close()
    }
  }

  async close(): Promise<void> {
    const open = [...this.#providers.values()]
    this.#providers.clear()
    await Promise.all(open.map(({ dispatcher }) => dispatcher.destroy()))
  }

  async #choose(space: Space, signal: AbortSignal): Promise<Reachable> {
    const [origin] = await rankProviders(this.#options, this.#deps, space, signal)
    const connection = createConnection(origin ?? '', this.#options, this.#deps)
    const provider = { connection, dispatcher: dispatcherOf(connection) }
    this.#providers.set(space.id, provider)
    return provider
  }
}

async function download(
  { connection, dispatcher }: Reachable,
  fileId: string,
  start: number,
  length: number,
  signal: AbortSignal,
): Promise<ContentPart> {
  const ask = (token: string) =>
    dispatcher.request({
      origin: connection.origin,
      method: 'GET',
      path: `/api/v3/oneprovider/data/${encodeURIComponent(fileId)}/content`,
      // No range fits an empty file.
      headers: { 'X-Auth-Token': token, ...(length === 0 ? {} : { Range: `bytes=${start}-${start + length - 1}` }) },
      signal,
    })
  let response = await ask(connection.token())
  if (response.statusCode === 401) {
    await response.body.dump()
    response = await ask(connection.refreshToken())
  }
  const { statusCode, headers, body } = response
  const size = /\/(\d+)$/.exec(String(headers['content-range'] ?? ''))?.[1]
  if (statusCode === 416) {
    await body.dump()
    return { bytes: new Uint8Array(), size: Number(size ?? 0) }
  }
  if (statusCode === 206 && size !== undefined) {
    return { bytes: await readUpTo(body, length, connection.origin), size: Number(size) }
  }
  if (statusCode === 200 && Number(headers['content-length']) <= length) {
    const bytes = await readUpTo(body, length, connection.origin)
    return { bytes, size: bytes.length }
  }
  await body.dump()
  throw refusal(connection.origin, statusCode)
}

/** The bytes of a part. One that is longer than what was asked for is cut off: it may have no end. */
async function readUpTo(body: AsyncIterable<Uint8Array>, length: number, origin: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let left = length
  for await (const chunk of body) {
    left -= chunk.length
    if (left < 0) throw new SourceError('SOURCE_PROTOCOL', `${origin} sent more of a file than it was asked for`)
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}

function refusal(origin: string, status: number): SourceError {
  const what = `${origin} answered ${status} when asked for the content of a file`
  if (status === 401) return new SourceError('SOURCE_UNAUTHORIZED', what)
  if (status === 403) return new SourceError('SOURCE_FORBIDDEN', what)
  return new SourceError(status >= 500 ? 'SOURCE_UNREACHABLE' : 'SOURCE_PROTOCOL', what)
}
