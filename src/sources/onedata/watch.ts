import { SourceError } from '../../core/errors.ts'
import type {
  Cursor,
  PartHealth,
  ReadAnswer,
  ReadRequest,
  Space,
  SpaceWatch,
  WatchNeeds,
  WatchSink,
} from '../../core/source.ts'
import { sleep } from '../../lib/clock.ts'
import { Gate } from '../../lib/gate.ts'
import type { SourceDeps } from '../define.ts'
import { openProvider, rankProviders, watchTokenEnd } from './connect.ts'
import { identityMs, memoryOf, recall } from './memory.ts'
import type { OnedataOptions } from './options.ts'
import type { Provider } from './provider.ts'
import { Scanner } from './scanner.ts'
import type { KnownSpace } from './spaces.ts'
import { StreamSession } from './stream-session.ts'
import { TreeTooLarge } from './watched-directories.ts'

type Via = 'events' | 'changes' | 'poll'

const shortestBackOffMs = 1_000
const longestBackOffMs = 60_000

export interface OnedataWatchOptions {
  readonly space: KnownSpace
  readonly options: OnedataOptions
  readonly deps: SourceDeps
}

interface RunInput {
  readonly cursor: Cursor | null
  readonly needs: WatchNeeds
  readonly sink: WatchSink
}

/** Watches one space: on the best provider, in the best way it allows, and on another provider or in another way when that fails. */
export class OnedataWatch implements SpaceWatch {
  readonly space: Space
  readonly providers: readonly string[]
  readonly #options: OnedataOptions
  readonly #deps: SourceDeps
  #provider: Provider | null = null
  /** Open while there is a provider. */
  readonly #gate = new Gate()
  #session: StreamSession | null = null
  #health: PartHealth
  #rescan: () => void = () => {}
  /** A tree too large for a stream of events: the next way is taken from then on. */
  #withoutEvents = false
  /** Origin of the provider that failed again and again, whatever it says of itself: others come first. */
  #avoided: string | null = null
  /** What the cursor says about the provider is not believed any more. */
  #hasFailed = false

  constructor({ space, options, deps }: OnedataWatchOptions) {
    this.space = { id: space.id, name: space.name }
    this.providers = space.providers ?? []
    this.#options = options
    this.#deps = deps
    this.#health = { ok: false, since: deps.clock.wall(), detail: 'not watching yet' }
  }

  health(): PartHealth {
    const { via, pollInterval, reconcileInterval } = this.#options
    return { ...this.#health, repairWithinMs: via === 'poll' ? pollInterval : reconcileInterval }
  }

  rescan(reason: string): void {
    this.#session?.rescan(reason)
    this.#rescan()
  }

  async run(input: RunInput, signal: AbortSignal): Promise<void> {
    const scanner = new Scanner(this.space, input.needs, input.sink, this.#deps)
    const ended = watchTokenEnd(this.#options, this.#deps, signal)
    let { cursor } = input
    const sink: WatchSink = {
      known: (fileIds) => input.sink.known(fileIds),
      push: async (batch) => {
        await input.sink.push(batch)
        if (batch.cursor !== undefined) cursor = batch.cursor
      },
    }
    try {
      for (let failures = 0; !signal.aborted; ) {
        const began = this.#deps.clock.now()
        const error = await this.#watch({ cursor, needs: input.needs, sink }, scanner, signal)
        if (signal.aborted) return
        failures = this.#deps.clock.now() - began > longestBackOffMs ? 1 : failures + 1
        if (!(error instanceof SourceError)) continue
        this.#avoided = failures > 1 ? (this.#provider?.connection.origin ?? this.#avoided) : null
        await this.#backOff(error, failures, signal)
      }
    } finally {
      await this.#closeProvider()
      await ended.catch(() => {})
    }
  }

  /** Also waits for a provider: were it asked for while there is none, each file would be put off, the longer the older it is, also where one is there soon. */
  async readable(signal: AbortSignal): Promise<void> {
    await this.#gate.passed(signal)
    await this.#provider?.readable(signal)
  }

  async read(requests: readonly ReadRequest[], signal: AbortSignal): Promise<readonly ReadAnswer[]> {
    if (this.#provider !== null) return this.#provider.read(this.space, requests, signal)
    return requests.map(({ fileId }) => ({ kind: 'unavailable', fileId, reason: this.#health.detail }))
  }

  /** Watches until something fails; gives the failure. What is no failure of the provider is thrown. */
  async #watch(input: RunInput, scanner: Scanner, signal: AbortSignal): Promise<unknown> {
    try {
      const provider = this.#provider ?? (await this.#openBest(signal))
      this.#provider = provider
      this.#gate.open()
      const via = await this.#chooseVia(provider, input.cursor, signal)
      if (via === 'poll') return await this.#poll(provider, scanner, signal)
      const { cursor } = input
      const fits = cursor !== null && cursor.provider === provider.id && cursor.via === via
      const { space } = this
      const [options, deps] = [this.#options, this.#deps]
      const onWatching = () => this.#well(`watching by ${via} on ${provider.connection.origin}`)
      const session = { via, provider, space, options, deps, needs: input.needs, sink: input.sink, scanner, onWatching }
      this.#session = new StreamSession({ ...session, cursor: fits ? cursor : null })
      await this.#session.run(signal)
      return null
    } catch (error) {
      if (signal.aborted) return null
      if (error instanceof TreeTooLarge) {
        this.#withoutEvents = true
        this.#deps.log.warn(
          { space: this.space.name },
          'there are too many directories for a stream of events; taking another way',
        )
        return null
      }
      if (!(error instanceof SourceError)) throw error
      return error
    } finally {
      this.#session = null
    }
  }

  async #poll(provider: Provider, scanner: Scanner, signal: AbortSignal): Promise<null> {
    const { clock, meter } = this.#deps
    meter.streamOpen('poll', true)
    try {
      while (!signal.aborted) {
        // Also what is asked for while it lists is listed anew at once.
        const early = new AbortController()
        this.#rescan = () => early.abort()
        await scanner.scan(provider, signal)
        this.#well(`listing every ${this.#options.pollInterval / 1_000} s on ${provider.connection.origin}`)
        await sleep(clock, this.#options.pollInterval, AbortSignal.any([signal, early.signal])).catch(() => {})
      }
      return null
    } finally {
      meter.streamOpen('poll', false)
      this.#rescan = () => {}
    }
  }

  async #chooseVia(provider: Provider, cursor: Cursor | null, signal: AbortSignal): Promise<Via> {
    const { via } = this.#options
    const chosen = via === 'auto' ? await this.#probe(provider, cursor, signal) : via
    this.#deps.log.info(
      { space: this.space.name, provider: provider.connection.origin, version: provider.version, via: chosen },
      'watching',
    )
    return chosen
  }

  async #probe(provider: Provider, cursor: Cursor | null, signal: AbortSignal): Promise<Via> {
    if (this.#deps.warm !== undefined) return this.#probeForShortRun(provider, cursor, signal)
    if (!this.#withoutEvents && (await provider.hasEvents(this.space.id, signal))) return 'events'
    return (await provider.hasChanges(this.space.id, signal)) ? 'changes' : 'poll'
  }

  /** Goes on from its cursor by changes alone; events would have it list all directories first. A cursor of changes is as good as a probe, until it fails. */
  #probeForShortRun(provider: Provider, cursor: Cursor | null, signal: AbortSignal): Promise<Via> {
    const hasCursor = !this.#hasFailed && cursor?.via === 'changes' && cursor.provider === provider.id
    const ask = async () => (hasCursor || (await provider.hasChanges(this.space.id, signal)) ? 'changes' : 'poll')
    return recall(this.#deps, [this.#deps.name, 'via', this.space.id, provider.id], identityMs, ask)
  }

  /** The first provider that answers, best first. Rejects with the failure of the best one. */
  async #openBest(signal: AbortSignal): Promise<Provider> {
    let first: unknown = null
    const ranked = await rankProviders(this.#options, this.#deps, this.space, signal)
    const isAvoided = (origin: string) => Number(origin === this.#avoided)
    for (const origin of ranked.toSorted((a, b) => isAvoided(a) - isAvoided(b))) {
      try {
        return await openProvider(origin, this.#options, this.#deps, signal)
      } catch (error) {
        if (!(error instanceof SourceError)) throw error
        first ??= error
      }
    }
    throw first ?? new SourceError('SOURCE_UNREACHABLE', `no provider of space "${this.space.name}" is known`)
  }

  async #backOff(error: SourceError, failures: number, signal: AbortSignal): Promise<void> {
    const { clock, random, log } = this.#deps
    const same = !this.#health.ok && this.#health.detail === error.message
    if (!same)
      log.warn(
        { space: this.space.name, code: error.code, reason: error.message },
        'the space cannot be watched now; trying again',
      )
    this.#health = { ok: false, since: this.#health.ok ? clock.wall() : this.#health.since, detail: error.message }
    memoryOf(this.#deps)?.forgetAll()
    this.#hasFailed = true
    await this.#closeProvider()
    const delay = Math.min(shortestBackOffMs * 2 ** (failures - 1), longestBackOffMs)
    await sleep(clock, Math.round(delay * (0.8 + 0.4 * random())), signal).catch(() => {})
  }

  async #closeProvider(): Promise<void> {
    const provider = this.#provider
    this.#provider = null
    this.#gate.close()
    await provider?.close()
  }

  #well(detail: string): void {
    if (this.#health.ok && this.#health.detail === detail) return
    this.#health = { ok: true, since: this.#deps.clock.wall(), detail }
  }
}
