import { SourceError } from '../../core/errors.ts'
import type { Cursor, Space, WatchNeeds, WatchSink } from '../../core/source.ts'
import { sleep } from '../../lib/clock.ts'
import type { SourceDeps } from '../define.ts'
import { changesRequest } from './changes-messages.ts'
import { eventsRequest } from './events-messages.ts'
import { ListingSchedule } from './listing-schedule.ts'
import type { OnedataOptions } from './options.ts'
import type { Provider } from './provider.ts'
import type { Scanner } from './scanner.ts'
import { DirectoryRefused, type OpenStream, openStream } from './stream-connection.ts'
import { StreamIds } from './stream-ids.ts'
import { OversizedItem } from './stream-items.ts'
import { StreamReader } from './stream-reader.ts'
import { mostDirectories, WatchedDirectories } from './watched-directories.ts'

/** A stream that lives less long than this twice in a row is opened again only after a while, up to a minute. */
const shortLifeMs = 5_000
const [shortestPauseMs, longestPauseMs] = [1_000, 60_000]
/** A stream that is refused for so many directories one after the other is begun anew, with a tree that is listed anew. */
const mostRefused = 64

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
  readonly #schedule: ListingSchedule
  readonly #ids: StreamIds
  readonly #watched: WatchedDirectories
  /** Ids of all directories that are known, watched or not. */
  readonly #directories = new Set<string>()
  readonly #reader: StreamReader
  #isOpen = false
  #openedAt = 0
  /** Streams in a row that ended as soon as they were opened. */
  #shortLives = 0
  #wake: () => void = () => {}

  constructor(context: SessionContext) {
    const { deps, options, space, provider, needs, cursor } = context
    const suspectGap = (reason: string) => this.rescan(reason)
    this.#context = context
    const key = JSON.stringify([deps.name, space.id, provider.id, needs])
    this.#schedule = new ListingSchedule({ deps, options, key })
    this.#ids = new StreamIds(cursor === null ? null : Number(cursor.value), suspectGap)
    this.#watched = new WatchedDirectories(options.via === 'auto' ? mostDirectories : Number.POSITIVE_INFINITY)
    this.#reader = new StreamReader({
      ...context,
      ids: this.#ids,
      watched: this.#watched,
      known: this.#directories,
      suspectGap,
      foundDirectory: (fileId, path) => this.#found(new Map([[fileId, path]])),
    })
  }

  /** List everything again soon. */
  rescan(reason: string): void {
    if (this.#schedule.suspectGap()) {
      this.#context.deps.meter.gap(reason)
      this.#context.deps.log.info({ reason }, 'a gap is suspected; listing everything')
    }
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

  /**
   * The stream is open before the listing begins; where that finds more directories, it is opened wider. What came in those since their pages were listed
   * is told again where the stream goes on behind an id, for that is from before the listing. Where there is none yet, at the very first start, a stream
   * tells only what comes after it was opened: then all is listed again. Nothing less would show a file that was overwritten in between, for that
   * changes no directory; and directory by directory it would cost more requests.
   */
  async #begin(signal: AbortSignal): Promise<Pump> {
    await this.#plantTree(signal)
    const goesOn = this.#ids.stored !== null
    let [isListed, isWide] = [false, false]
    for (;;) {
      const stream = await this.#open(signal)
      try {
        if (!isListed && !this.#remembersListing()) await this.#list(signal)
      } catch (error) {
        stream?.close()
        throw error
      }
      // Where directories come all the time the latest are watched a moment later, as any that come from now on.
      if (stream !== null && (isWide || this.#watched.isComplete)) return this.#pump(stream, signal)
      stream?.close()
      this.#watched.adopt()
      isWide = this.#watched.tree.size > 0
      isListed = goesOn && isWide
      // Nothing to watch yet: the folder does not exist.
      if (this.#watched.tree.size === 0)
        await sleep(this.#context.deps.clock, this.#context.options.pollInterval, signal)
    }
  }

  /** A run of this process has listed everything lately, and the stream of changes goes on from there: what a listing repairs can wait for its time. */
  #remembersListing(): boolean {
    const { via, cursor, onWatching } = this.#context
    const directories = via === 'changes' && cursor !== null ? this.#schedule.resume() : null
    if (directories === null) return false
    for (const fileId of directories) this.#directories.add(fileId)
    onWatching()
    return true
  }

  async #plantTree(signal: AbortSignal): Promise<void> {
    const { via, provider, space, needs } = this.#context
    if (via === 'changes') return
    const refusals: SourceError[] = []
    for (const folder of needs.folders) {
      try {
        const fileId = await provider.directoryId(space, folder, signal)
        if (fileId !== null) this.#watched.tree.set(fileId, folder)
      } catch (error) {
        if (!(error instanceof SourceError) || error.code !== 'SOURCE_FORBIDDEN') throw error
        refusals.push(error)
      }
    }
    // One folder that nobody lets through to leaves the others alone.
    if (refusals.length === needs.folders.length) throw refusals[0]
  }

  async #next(pump: Pump, signal: AbortSignal): Promise<Wake> {
    const { clock } = this.#context.deps
    const listAt = this.#schedule.dueAt
    const { widenAt } = this.#watched
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

  /** Ends are normal: quiet streams are cut every few minutes. Only a failure right after another is waited for. */
  async #reopen(pump: Pump, signal: AbortSignal): Promise<Pump> {
    const error = await pump.ended
    const { via, deps } = this.#context
    if (error instanceof OversizedItem) this.rescan(error.message)
    else if (error !== null) this.#ids.failed()
    deps.meter.reconnect(via)
    if (this.#ids.stored === null) this.rescan('the stream ended before its first id')
    await this.#pause(signal)
    const stream = await this.#open(signal)
    return stream === null
      ? { stream: { chunks: nothing(), close: () => {} }, ended: Promise.resolve(null) }
      : this.#pump(stream, signal)
  }

  /** The wider stream is open before the narrower one is closed, and takes up where that is. */
  async #widen(pump: Pump, signal: AbortSignal): Promise<Pump> {
    const added = this.#watched.adopt()
    const stream = await this.#open(signal)
    try {
      pump.stream.close()
      await pump.ended
      for (const [fileId, path] of added) this.#found(await this.#directory({ fileId, path }, signal))
    } catch (error) {
      // Nobody would read it any more.
      stream?.close()
      throw error
    }
    return stream === null ? pump : this.#pump(stream, signal)
  }

  /** What came in a directory before it was watched. Where it cannot be listed, everything is, later: no stream tells of that again. */
  async #directory(
    directory: { readonly fileId: string; readonly path: string },
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, string>> {
    const { scanner, provider } = this.#context
    try {
      return await scanner.directory(provider, directory, signal)
    } catch (error) {
      if (!(error instanceof SourceError)) throw error
      this.rescan('a new directory could not be listed')
      return new Map()
    }
  }

  /** Ends are normal, but a provider (or a proxy) that ends each stream at once must not be asked without end. */
  async #pause(signal: AbortSignal): Promise<void> {
    const { clock } = this.#context.deps
    this.#shortLives = clock.now() - this.#openedAt < shortLifeMs ? this.#shortLives + 1 : 0
    if (this.#shortLives < 2) return
    await sleep(clock, Math.min(shortestPauseMs * 2 ** (this.#shortLives - 2), longestPauseMs), signal)
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { scanner, provider, onWatching } = this.#context
    this.#schedule.begin()
    const rename = (directories: ReadonlyMap<string, string>) => this.#watched.rename(directories)
    const before = this.#watched.tree.ids()
    const { directories, missing, unreadable } = await scanner.scan(provider, signal, rename)
    for (const fileId of directories.keys()) this.#directories.add(fileId)
    this.#watched.listed(directories, unreadable, before)
    this.#found(directories)
    this.#watched.rename(directories)
    this.#schedule.end(missing.length > 0, this.#directories)
    onWatching()
  }

  #found(directories: ReadonlyMap<string, string>): void {
    const { via, deps } = this.#context
    if (via === 'changes') return
    this.#watched.found(directories, deps.clock.now())
    this.#wake()
  }

  /** Null where there is no directory to watch yet. One that is gone by now, or may not be entered, leaves the others alone. */
  async #open(signal: AbortSignal): Promise<OpenStream | null> {
    for (let left = mostRefused; ; left--) {
      try {
        return await this.#openOnce(signal)
      } catch (error) {
        const isHeeded = error instanceof DirectoryRefused && left > 0 && this.#watched.refuse(error.index)
        if (!isHeeded || this.#watched.tree.size === 0) throw error
        this.#context.deps.log.debug({ reason: error.message }, 'a directory is left to the listings')
      }
    }
  }

  async #openOnce(signal: AbortSignal): Promise<OpenStream | null> {
    const { via, deps, provider, options } = this.#context
    if (via === 'events' && this.#watched.tree.size === 0) return null
    const request = this.#request()
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

  #request() {
    const { via, space, needs } = this.#context
    const last = this.#ids.ask()
    if (via === 'changes') return changesRequest(space, needs, last)
    return eventsRequest(space, needs, { last, directories: this.#watched.tree.ids() })
  }

  #pump(stream: OpenStream, signal: AbortSignal): Pump {
    const ended = this.#reader.read(stream, signal).then(
      () => null,
      (error: unknown) =>
        error instanceof SourceError || error instanceof OversizedItem ? error : Promise.reject(error),
    )
    // The session looks at it in its own time.
    ended.catch(() => {})
    return { stream, ended }
  }
}

async function* nothing(): AsyncGenerator<never> {}
