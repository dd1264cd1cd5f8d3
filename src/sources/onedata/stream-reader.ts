import type { Observation } from '../../core/observation.ts'
import type { WatchNeeds, WatchSink } from '../../core/source.ts'
import { readChange } from './changes-messages.ts'
import { readEvent } from './events-messages.ts'
import type { Provider } from './provider.ts'
import type { OpenStream } from './stream-connection.ts'
import type { StreamIds } from './stream-ids.ts'
import { type Arrived, eventsOf, linesOf, type RawEvent } from './stream-items.ts'
import type { WatchedDirectories } from './watched-directories.ts'

export interface StreamReaderOptions {
  readonly via: 'events' | 'changes'
  readonly provider: Provider
  readonly needs: WatchNeeds
  readonly sink: WatchSink
  readonly ids: StreamIds
  readonly watched: WatchedDirectories
  /** Ids of all directories that are known; those that a stream of changes tells of are added. */
  readonly known: Set<string>
  readonly suspectGap: (reason: string) => void
  readonly foundDirectory: (fileId: string, path: string) => void
}

/** Reads streams, one after the other, and hands what they tell to the sink: the cursor together with the observations it covers. */
export class StreamReader {
  readonly #options: StreamReaderOptions
  /** Directories elsewhere in the space, of which a stream of changes tells too: they are no files, and when they go nothing of ours goes. */
  readonly #elsewhere = new Set<string>()

  constructor(options: StreamReaderOptions) {
    this.#options = options
  }

  /** Resolves at a clean end. Rejects with `SourceError` when the stream breaks off, and with `OversizedItem`. */
  async read(stream: OpenStream, signal: AbortSignal): Promise<void> {
    const { via, ids } = this.#options
    ids.resume()
    if (via === 'events') await this.#readEvents(stream, signal)
    else await this.#readChanges(stream, signal)
  }

  async #readEvents(stream: OpenStream, signal: AbortSignal): Promise<void> {
    for await (const events of eventsOf(stream)) {
      signal.throwIfAborted()
      await this.#takeEvents(events.filter(({ item }) => this.#isNews(item)))
    }
  }

  /** What has no usable id is news, but nobody knows what was passed over. */
  #isNews({ id }: RawEvent): boolean {
    const { ids, suspectGap } = this.#options
    const number = idOf(id)
    if (number !== null) return ids.take(number)
    suspectGap('an event without a usable id')
    return true
  }

  async #takeEvents(events: readonly Arrived<RawEvent>[]): Promise<void> {
    const { provider, watched, suspectGap, foundDirectory } = this.#options
    const meanings = events.map(({ item, at }) => ({ ...readEvent(item, watched.tree, provider.id), at }))
    await this.#push(meanings.flatMap(({ observations, at }) => observations.map((seen) => ({ seen, at }))))
    for (const { newDirectory, gap } of meanings) {
      if (gap !== undefined) suspectGap(gap)
      if (newDirectory !== undefined) foundDirectory(newDirectory.fileId, newDirectory.path)
    }
  }

  async #readChanges(stream: OpenStream, signal: AbortSignal): Promise<void> {
    for await (const lines of linesOf(stream)) {
      signal.throwIfAborted()
      await this.#push(lines.flatMap(({ item, at }) => this.#takeChange(item).map((seen) => ({ seen, at }))))
    }
  }

  #takeChange(line: string): readonly Observation[] {
    const { needs, provider, known, ids, suspectGap } = this.#options
    const isElsewhere = (fileId: string) => this.#elsewhere.has(fileId) && !known.has(fileId)
    const isDirectory = (fileId: string) => known.has(fileId) || this.#elsewhere.has(fileId)
    const context = { folders: needs.folders, providerId: provider.id, isDirectory, isElsewhere }
    const { seq, observations, directory, isElsewhere: liesElsewhere, gap } = readChange(line, context)
    if (gap !== undefined) suspectGap(gap)
    if (directory !== undefined) (liesElsewhere === true ? this.#elsewhere : known).add(directory)
    // What is deleted never comes back under its id.
    for (const { kind, fileId } of observations) if (kind === 'gone') this.#forget(fileId)
    return seq !== null && ids.take(seq) ? observations : []
  }

  #forget(fileId: string): void {
    this.#options.known.delete(fileId)
    this.#elsewhere.delete(fileId)
  }

  async #push(seen: readonly { readonly seen: Observation; readonly at: number }[]): Promise<void> {
    const { provider, via, sink, ids } = this.#options
    const batch = { observations: seen.map((each) => each.seen), ats: seen.map(({ at }) => at) }
    const { read } = ids
    if (read !== null && read !== ids.stored) {
      await sink.push({ ...batch, cursor: { provider: provider.id, via, value: String(read) } })
      ids.stored = read
    } else if (seen.length > 0) await sink.push(batch)
  }
}

function idOf(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null
}
