import { onTestFinished } from 'vitest'
import { type FileFacts, joinPath, type Observation } from '../../src/core/observation.ts'
import type { Cursor, KnownFile, SpaceWatch, WatchBatch } from '../../src/core/source.ts'
import { createSystemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { fixedSecret, type SecretSource } from '../../src/lib/secret.ts'
import type { Simulator } from '../../src/simulator/create-simulator.ts'
import { onedata } from '../../src/sources/onedata/index.ts'
import { waitFor } from './wait-for.ts'

export interface WatchOptions {
  readonly via?: 'auto' | 'events' | 'changes' | 'poll'
  readonly folders?: readonly string[]
  readonly cursor?: Cursor | null
  /** Extended attributes that some trigger looks at. */
  readonly xattrs?: readonly string[]
  readonly secret?: SecretSource
  /** Options of the source beside its host, as the configuration has them. */
  readonly options?: object
}

/** One watch of a simulated space, and everything that it says. Its own repair runs once an hour, so that a test sees what else repairs. */
export class WatchWorld {
  readonly observations: Observation[] = []
  readonly gaps: string[] = []
  readonly opened: string[] = []
  readonly watch: SpaceWatch
  cursor: Cursor | null
  /** What was handed over together. */
  readonly batches: WatchBatch[] = []
  /** Full listings that were completed. */
  listings = 0
  readonly #stop = new AbortController()
  readonly #running: Promise<void>

  private constructor(watch: SpaceWatch, { folders = ['in'], cursor = null, xattrs = [] }: WatchOptions) {
    this.watch = watch
    this.cursor = cursor
    const sink = {
      push: async (batch: WatchBatch) => this.#take(batch),
      known: async () => new Map<string, KnownFile>(),
    }
    const needs = { folders, xattrs, holes: false }
    this.#running = watch.run({ cursor, needs, sink }, this.#stop.signal)
    // Told by `stop`.
    this.#running.catch(() => {})
  }

  static async start(simulator: Simulator, options: WatchOptions = {}): Promise<WatchWorld> {
    const said = { gaps: [] as string[], opened: [] as string[] }
    const source = onedata.build(
      {
        host: simulator.url,
        token: { env: 'UNUSED' },
        via: options.via ?? 'events',
        pollInterval: '50ms',
        reconcileInterval: '1h',
        limits: { concurrency: 4, perSecond: 1_000 },
        ...options.options,
      },
      {
        name: 'hub',
        clock: createSystemClock(),
        random: () => 0.5,
        log: silentLog,
        meter: {
          call: () => {},
          reconnect: () => {},
          gap: (reason) => said.gaps.push(reason),
          streamOpen: (via, open) => said.opened.push(`${via} ${open}`),
        },
        secret: () => options.secret ?? fixedSecret(simulator.token),
      },
    )
    const world = new WatchWorld(await source.openSpace('Gamma', new AbortController().signal), options)
    Object.assign(world, said)
    onTestFinished(async () => {
      await world.stop()
      await source.close()
    })
    return world
  }

  /** Resolves with the facts when a file was seen at the path, `from` observations on. */
  async seen(path: string, from = 0): Promise<FileFacts> {
    const find = () =>
      this.observations
        .slice(from)
        .find((each) => each.kind === 'file' && each.name !== null && joinPath(each.dir ?? '', each.name) === path)
    const found = await waitFor(`${path} is seen`, find)
    return found.kind === 'file' ? found.facts : {}
  }

  async listed(times = 1): Promise<void> {
    await waitFor('everything is listed', () => this.listings >= times)
  }

  /** Ends the watch; rejects where it ended with a failure. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  #take(batch: WatchBatch): void {
    const { observations, cursor, mark } = batch
    this.batches.push(batch)
    this.observations.push(...observations)
    if (cursor !== undefined) this.cursor = cursor
    if (mark?.kind === 'end' && mark.complete) this.listings += 1
  }
}
