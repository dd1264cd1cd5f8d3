import { SourceError } from '../../core/errors.ts'
import type { Observation } from '../../core/observation.ts'
import type { Cursor, Space, WatchNeeds, WatchSink } from '../../core/source.ts'
import { sleep } from '../../lib/clock.ts'
import type { SourceDeps } from '../define.ts'
import { changesSpecification, readChange } from './changes-messages.ts'
import { DirectoryTree } from './directory-tree.ts'
import { observedAttributes, readEvent } from './events-messages.ts'
import { GapPace } from './gap-pace.ts'
import { memoryOf } from './memory.ts'
import type { OnedataOptions } from './options.ts'
import type { Provider } from './provider.ts'
import type { Scanner, ScanResult } from './scanner.ts'
import { type OpenStream, openStream } from './stream-connection.ts'
import { eventsOf, linesOf, OversizedItem, type RawEvent } from './stream-items.ts'

/** New directories are gathered for this long before the stream is made wider. */
const gatherMs = 1_000
/** Beyond this the list of directories is too long for one request. */
export const mostDirectories = 5_000
/** The changes stream is asked to end by itself before the provider's idle cut of 5 minutes. */
const changesTimeoutMs = 240_000
/** So many ids passed over after a failure look like a gap. */
const gapIds = 100
/** So many ids in a row that were done already: the provider counts anew (its database was restored). */
const oldIds = 50
/** A stream that lives less long than this twice in a row is opened again only after a while, up to a minute. */
const shortLifeMs = 5_000
const [shortestPauseMs, longestPauseMs] = [1_000, 60_000]

export interface SessionContext {
  readonly via: 'events' | 'changes'
  readonly provider: Provider
  readonly space: Space
  readonly options: OnedataOptions
  readonly deps: SourceDeps
  readonly needs: WatchNeeds
  readonly sink: WatchSink
  readonly scanner: Scanner
  /** Where to resume; null = from now on. */
  readonly cursor: Cursor | null
  /** Told when everything works. */
  readonly onWatching: () => void
}

/** The tree has more directories than a stream can list: another way has to be taken. */
export class TreeTooLarge extends Error {}

/** One connection and what is read from it. */
interface Pump {
  readonly stream: OpenStream
  /** Null: a clean end, or closed by us. */
  readonly ended: Promise<unknown>
}

/** What the session waits for. */
type Wake = 'ended' | 'listing' | 'wider'

/**
 * Watches one space on one provider by one of the streams: connects and waits for the headers, then lists, then reads what came meanwhile (it stays
 * in the connection until then), then goes on live; and lists again now and then to repair what a stream misses.
 */
export class StreamSession {
  readonly #context: SessionContext
  readonly #tree = new DirectoryTree()
  readonly #directories = new Set<string>()
  /** New directories since the stream was opened: id -> path. */
  #unwatched = new Map<string, string>()
  #gatherUntil: number | null = null
  #lastId: number | null
  #afterFailure = false
  #isOpen = false
  #openedAt = 0
  /** Streams in a row that ended as soon as they were opened. */
  #shortLives = 0
  #old = 0
  #gap: string | null = null
  #missing = false
  #listedAt = 0
  readonly #gapPace = new GapPace()
  #wake: () => void = () => {}

  constructor(context: SessionContext) {
    this.#context = context
    this.#lastId = context.cursor === null ? null : Number(context.cursor.value)
  }

  /** List everything again soon. */
  rescan(reason: string): void {
    if (this.#gap === null) {
      this.#context.deps.meter.gap(reason)
      this.#context.deps.log.info({ reason }, 'a gap is suspected; listing everything')
    }
    this.#gap = reason
    this.#wake()
  }

  /** Runs until the signal aborts, or rejects with the `SourceError` (or `TreeTooLarge`) that ends this session. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      await this.#watch(signal)
    } finally {
      this.#tell(false)
    }
  }

  /** Each change once, so that those who count open streams need not know of sessions. */
  #tell(open: boolean): void {
    if (this.#isOpen === open) return
    this.#isOpen = open
    this.#context.deps.meter.streamOpen(this.#context.via, open)
  }

  async #watch(signal: AbortSignal): Promise<void> {
    let pump = await this.#begin(signal)
    try {
      while (!signal.aborted) {
        const wake = await this.#next(pump, signal)
        if (wake === 'ended') pump = await this.#reopen(pump, signal)
        else if (wake === 'listing') await this.#list(signal)
        else pump = await this.#widen(pump, signal)
      }
    } finally {
      pump.stream.close()
      await pump.ended
    }
    signal.throwIfAborted()
  }

  /** The stream is open before the listing begins; where that finds more directories, it is opened wider and all is listed again. */
  async #begin(signal: AbortSignal): Promise<Pump> {
    await this.#plantTree(signal)
    for (;;) {
      const stream = await this.#open(signal)
      try {
        if (!this.#remembersListing()) await this.#list(signal)
      } catch (error) {
        stream?.close()
        throw error
      }
      if (stream !== null && this.#unwatched.size === 0) return this.#pump(stream, signal)
      stream?.close()
      this.#adopt()
      // Nothing to watch yet: the folder does not exist.
      if (this.#tree.size === 0) await sleep(this.#context.deps.clock, this.#context.options.pollInterval, signal)
    }
  }

  /** A run of this process has listed everything lately, and the stream of changes goes on from there: what a listing repairs can wait for its time. */
  #remembersListing(): boolean {
    const { via, deps, options, cursor, onWatching } = this.#context
    const listed = memoryOf(deps)?.listings.get(this.#listingKey)
    if (via !== 'changes' || cursor === null || listed === undefined) return false
    if (deps.clock.now() - listed.at >= options.reconcileInterval) return false
    this.#listedAt = listed.at
    for (const fileId of listed.directories) this.#directories.add(fileId)
    onWatching()
    return true
  }

  get #listingKey(): string {
    const { deps, space, provider, needs } = this.#context
    return JSON.stringify([deps.name, space.id, provider.id, needs])
  }

  async #plantTree(signal: AbortSignal): Promise<void> {
    const { via, provider, space, needs } = this.#context
    if (via === 'changes') return
    for (const folder of needs.folders) {
      const fileId = await provider.directoryId(space, folder, signal)
      if (fileId !== null) this.#tree.set(fileId, folder)
    }
  }

  async #next(pump: Pump, signal: AbortSignal): Promise<Wake> {
    const { clock } = this.#context.deps
    const listAt = this.#listAt()
    const widenAt = this.#gatherUntil ?? Number.POSITIVE_INFINITY
    const now = clock.now()
    if (widenAt <= now) return 'wider'
    if (listAt <= now) return 'listing'
    const waiting = new AbortController()
    const timer = sleep(clock, Math.min(listAt, widenAt) - now, AbortSignal.any([signal, waiting.signal])).catch(
      () => {},
    )
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    const ended = await Promise.race([pump.ended.then(() => true), timer.then(() => false), woken.then(() => false)])
    waiting.abort()
    signal.throwIfAborted()
    return ended ? 'ended' : this.#next(pump, signal)
  }

  #listAt(): number {
    const { reconcileInterval, pollInterval } = this.#context.options
    const regular = this.#listedAt + (this.#missing ? pollInterval : reconcileInterval)
    return this.#gap === null ? regular : Math.min(regular, this.#gapPace.opensAt)
  }

  /** Ends are normal: quiet streams are cut every few minutes. Only a failure right after another is waited for. */
  async #reopen(pump: Pump, signal: AbortSignal): Promise<Pump> {
    const error = await pump.ended
    const { via, deps } = this.#context
    if (error instanceof OversizedItem) this.rescan(error.message)
    else if (error !== null) this.#afterFailure = true
    deps.meter.reconnect(via)
    if (this.#lastId === null) this.rescan('the stream ended before its first id')
    await this.#pause(signal)
    const stream = await this.#open(signal)
    return stream === null
      ? { stream: { chunks: nothing(), close: () => {} }, ended: Promise.resolve(null) }
      : this.#pump(stream, signal)
  }

  /** The wider stream is open before the narrower one is closed, and takes up where that is. */
  async #widen(pump: Pump, signal: AbortSignal): Promise<Pump> {
    const added = this.#adopt()
    const stream = await this.#open(signal)
    try {
      pump.stream.close()
      await pump.ended
      const { scanner, provider } = this.#context
      for (const [fileId, path] of added) this.#found(await scanner.directory(provider, { fileId, path }, signal))
    } catch (error) {
      // Nobody would read it any more.
      stream?.close()
      throw error
    }
    return stream === null ? pump : this.#pump(stream, signal)
  }

  /** Ends are normal, but a provider (or a proxy) that ends each stream at once must not be asked without end. */
  async #pause(signal: AbortSignal): Promise<void> {
    const { clock } = this.#context.deps
    this.#shortLives = clock.now() - this.#openedAt < shortLifeMs ? this.#shortLives + 1 : 0
    if (this.#shortLives < 2) return
    await sleep(clock, Math.min(shortestPauseMs * 2 ** (this.#shortLives - 2), longestPauseMs), signal)
  }

  /** Whether an id was done already. A provider that gives nothing but such ids for a while counts anew: then they are news. */
  #isOld(last: number | null, id: number): boolean {
    this.#old = last !== null && id <= last ? this.#old + 1 : 0
    if (this.#old < oldIds) return this.#old > 0
    this.rescan('the provider counts its changes anew')
    this.#old = 0
    return false
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { scanner, provider, deps, onWatching } = this.#context
    if (this.#gap !== null) this.#gapPace.note(deps.clock.now())
    this.#gap = null
    const result: ScanResult = await scanner.scan(provider, signal)
    this.#listedAt = deps.clock.now()
    this.#missing = result.missing.length > 0
    for (const fileId of result.directories.keys()) this.#directories.add(fileId)
    this.#found(result.directories)
    this.#rename(result.directories)
    const listings = memoryOf(deps)?.listings
    if (this.#missing) listings?.delete(this.#listingKey)
    else listings?.set(this.#listingKey, { at: this.#listedAt, directories: this.#directories })
    onWatching()
  }

  /** Notes directories that the stream does not watch. */
  #found(directories: ReadonlyMap<string, string>): void {
    if (this.#context.via === 'changes') return
    for (const [fileId, path] of directories) {
      if (!this.#tree.has(fileId)) this.#unwatched.set(fileId, path)
    }
    if (this.#unwatched.size > 0) this.#gatherUntil ??= this.#context.deps.clock.now() + gatherMs
    if (this.#tree.size + this.#unwatched.size > mostDirectories && this.#context.options.via === 'auto')
      throw new TreeTooLarge()
    this.#wake()
  }

  #rename(directories: ReadonlyMap<string, string>): void {
    for (const [fileId, path] of directories) if (this.#tree.has(fileId)) this.#tree.set(fileId, path)
  }

  #adopt(): ReadonlyMap<string, string> {
    const added = this.#unwatched
    for (const [fileId, path] of added) this.#tree.set(fileId, path)
    this.#unwatched = new Map()
    this.#gatherUntil = null
    return added
  }

  /** Null where there is no directory to watch yet. */
  async #open(signal: AbortSignal): Promise<OpenStream | null> {
    const { via, deps, provider, options } = this.#context
    if (via === 'events' && this.#tree.size === 0) return null
    const request = via === 'events' ? this.#eventsRequest() : this.#changesRequest()
    const route = via === 'events' ? 'POST /spaces/{sid}/events/files' : 'POST /changes/metadata/{sid}'
    try {
      const common = { connection: provider.connection, clock: deps.clock, watchdogMs: options.watchdog }
      const stream = await openStream({ ...common, ...request }, signal)
      this.#openedAt = deps.clock.now()
      deps.meter.call(route, 200)
      this.#tell(true)
      return stream
    } catch (error) {
      deps.meter.call(route, 'error')
      throw error
    }
  }

  #eventsRequest() {
    const { space, needs } = this.#context
    const resume = this.#lastId === null ? {} : { 'Last-Event-Id': String(this.#lastId) }
    return {
      path: `/api/v3/oneprovider/spaces/${encodeURIComponent(space.id)}/events/files`,
      headers: { Accept: 'text/event-stream', ...resume },
      body: { observedDirectories: this.#tree.ids(), observedAttributes: observedAttributes(needs) },
    }
  }

  #changesRequest() {
    const { space, needs } = this.#context
    const since = this.#lastId === null ? 'now' : String(this.#lastId + 1)
    return {
      path: `/api/v3/oneprovider/changes/metadata/${encodeURIComponent(space.id)}?timeout=${changesTimeoutMs}&last_seq=${since}`,
      headers: {},
      body: changesSpecification(needs),
    }
  }

  #pump(stream: OpenStream, signal: AbortSignal): Pump {
    const reading =
      this.#context.via === 'events' ? this.#readEvents(stream, signal) : this.#readChanges(stream, signal)
    const ended = reading.then(
      () => null,
      (error: unknown) =>
        error instanceof SourceError || error instanceof OversizedItem ? error : Promise.reject(error),
    )
    // The session looks at it in its own time.
    ended.catch(() => {})
    return { stream, ended }
  }

  async #readEvents(stream: OpenStream, signal: AbortSignal): Promise<void> {
    let last = this.#lastId
    for await (const events of eventsOf(stream)) {
      signal.throwIfAborted()
      const fresh: RawEvent[] = []
      for (const event of events) {
        const id = idOf(event.id)
        if (id === null) this.rescan('an event without a usable id')
        else if (this.#isOld(last, id)) continue
        else this.#noteJump(last, id)
        last = id ?? last
        fresh.push(event)
      }
      await this.#takeEvents(fresh, last)
    }
  }

  async #takeEvents(events: readonly RawEvent[], last: number | null): Promise<void> {
    const { provider } = this.#context
    const meanings = events.map((event) => readEvent(event, this.#tree, provider.id))
    await this.#push(
      meanings.flatMap((meaning) => meaning.observations),
      last,
    )
    for (const { newDirectory, gap } of meanings) {
      if (gap !== undefined) this.rescan(gap)
      if (newDirectory !== undefined) this.#found(new Map([[newDirectory.fileId, newDirectory.path]]))
    }
  }

  async #readChanges(stream: OpenStream, signal: AbortSignal): Promise<void> {
    const { space, needs, provider } = this.#context
    const isDirectory = (fileId: string) => this.#directories.has(fileId)
    let last = this.#lastId
    for await (const lines of linesOf(stream)) {
      signal.throwIfAborted()
      const context = { space, folders: needs.folders, providerId: provider.id, isDirectory }
      const observations = lines.flatMap((line) => {
        const meaning = readChange(line, context)
        if (meaning.gap !== undefined) this.rescan(meaning.gap)
        if (meaning.directory !== undefined) this.#directories.add(meaning.directory)
        if (meaning.seq === null || this.#isOld(last, meaning.seq)) return []
        this.#noteJump(last, meaning.seq)
        last = meaning.seq
        return meaning.observations
      })
      await this.#push(observations, last)
    }
  }

  /** The cursor goes into the store together with the observations it covers. */
  async #push(observations: readonly Observation[], last: number | null): Promise<void> {
    const { provider, via, sink } = this.#context
    if (last !== null && last !== this.#lastId) {
      await sink.push({ observations, cursor: { provider: provider.id, via, value: String(last) } })
      this.#lastId = last
    } else if (observations.length > 0) await sink.push({ observations })
  }

  #noteJump(last: number | null, id: number): void {
    if (this.#afterFailure && last !== null && id - last > gapIds)
      this.rescan('many ids were passed over after a failure')
    this.#afterFailure = false
  }
}

function idOf(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null
}

async function* nothing(): AsyncGenerator<string> {}
