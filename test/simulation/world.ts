import type { FileEvent } from '../../src/core/event.ts'
import type { Source } from '../../src/core/source.ts'
import type { Trigger } from '../../src/core/trigger.ts'
import { type Log, silentLog } from '../../src/lib/log.ts'
import type { Message } from '../../src/lib/network.ts'
import { fixedSecret } from '../../src/lib/secret.ts'
import type { FederatedSimulator, Federation } from '../../src/simulator/create-federation.ts'
import { createFederation } from '../../src/simulator/create-federation.ts'
import type { ProviderVersion, SimulatorDelays } from '../../src/simulator/simulator.ts'
import { type SourceMeter, silentSourceMeter } from '../../src/sources/define.ts'
import { onedata } from '../../src/sources/onedata/index.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import type { Store } from '../../src/store/store.ts'
import { aTrigger } from '../support/builders.ts'
import { seededRandom } from '../support/simulator.ts'
import { SimulatedBridge } from './bridge.ts'
import { MemoryNetwork } from './memory-network.ts'
import { Receiver } from './receiver.ts'
import { Trace } from './trace.ts'
import { VirtualClock } from './virtual-clock.ts'

export interface WorldOptions {
  readonly seed: number
  /** One provider each, all of the same space; with more than one it is the zone that is asked for the best of them. */
  readonly versions: readonly ProviderVersion[]
  readonly via: 'auto' | 'events' | 'changes' | 'poll'
  /** Options of the source besides those. */
  readonly options?: object
  readonly trigger?: Parameters<typeof aTrigger>[0]
  /** Most milliseconds that a message is on its way. */
  readonly latencyMs: number
  /** Share of attempts at the target that fail, 0 to 1. */
  readonly failing: number
  /** Attempts at the target at once; 64 where nothing is said. */
  readonly concurrency?: number
  /** Of the providers; their real ones where nothing is said. */
  readonly delays?: Partial<SimulatorDelays>
  readonly createStore?: (clock: VirtualClock) => Promise<Store>
  /** Stands between the source and the rest, to break it. */
  readonly throughSource?: (source: Source) => Source
  /** Told of each message to a provider or the zone, and of the status that came back; null = none did. */
  readonly onExchange?: (message: Message, status: number | null) => void
  /** Told of each line of the trace. */
  readonly show?: (line: string) => void
  readonly onReceived: (event: FileEvent, deliveryId: string) => void
}

/** Providers, OneTrigger and a receiver in one process and in virtual time: the whole way of a file, the same each time for one seed. */
export class World {
  readonly clock: VirtualClock
  readonly trace: Trace
  readonly store: Store
  readonly federation: Federation
  readonly providers: readonly FederatedSimulator[]
  readonly trigger: Trigger
  /** Gaps that the source suspected. */
  gaps = 0
  /** The folder did not exist for a while. */
  sawFolderMissing = false
  readonly #options: WorldOptions
  readonly #network: MemoryNetwork
  readonly #receiver: Receiver
  #lives = 0
  #bridge: SimulatedBridge | null = null

  private constructor(
    options: WorldOptions,
    parts: Pick<World, 'clock' | 'trace' | 'store' | 'federation'> & { readonly network: MemoryNetwork },
  ) {
    this.#options = options
    this.clock = parts.clock
    this.trace = parts.trace
    this.store = parts.store
    this.federation = parts.federation
    this.providers = parts.federation.providers
    this.trigger = aTrigger(options.trigger)
    this.#network = parts.network
    this.#receiver = new Receiver({
      clock: parts.clock,
      random: seededRandom(options.seed + 1),
      failing: options.failing,
      onReceived: (event, deliveryId) => {
        parts.trace.add(parts.clock.now(), `received ${event.kind} ${event.path} ${event.size} ${deliveryId}`)
        options.onReceived(event, deliveryId)
      },
    })
  }

  /** Providers that nobody watches yet, with an empty folder `in`. */
  static async create(options: WorldOptions): Promise<World> {
    const clock = new VirtualClock()
    const trace = new Trace(clock.now(), options.show ?? null)
    const network = createNetwork(options, clock, trace)
    const federation = await createFederation({
      port: 0,
      tls: false,
      spaceName: 'Gamma',
      clock,
      random: seededRandom(options.seed + 2),
      log: silentLog,
      listener: () => network.listener(),
      providers: options.versions.map((version, index) => {
        return { name: `provider-${index}`, version, delays: options.delays ?? {} }
      }),
    })
    federation.providers[0]?.model.mkdir('in')
    const store = (await options.createStore?.(clock)) ?? createMemoryStore(clock)
    return new World(options, { clock, trace, store, federation, network })
  }

  /** The provider where files are made. */
  get provider(): FederatedSimulator {
    const [first] = this.providers
    if (first === undefined) throw new Error('a world needs a provider')
    return first
  }

  get isRunning(): boolean {
    return this.#bridge !== null
  }

  /** A new life of OneTrigger on the same store. */
  start(): void {
    this.#lives += 1
    this.trace.add(this.clock.now(), 'start')
    const { throughSource = (source: Source) => source, seed, concurrency = 64 } = this.#options
    const random = seededRandom(seed + 3 + this.#lives)
    const source = throughSource(this.#source(random))
    const { clock, store, trigger } = this
    this.#bridge = new SimulatedBridge({
      ...{ clock, store, trigger, source, random },
      target: this.#receiver,
      concurrency,
      log: this.#log(),
    })
  }

  /** Time passes until it has ended. */
  async stop(): Promise<void> {
    const bridge = this.#bridge
    this.#bridge = null
    await bridge?.stop()
    this.trace.add(this.clock.now(), 'stopped')
  }

  /** Time passes until the first listing is through. */
  async listed(): Promise<void> {
    const { name } = this.trigger
    let isDone = false
    const look = async () => {
      isDone = (await this.store.baseline(name))?.state === 'done'
      if (!isDone) this.clock.timer(100, () => void look())
    }
    await look()
    await this.clock.runUntil(() => isDone)
  }

  async close(): Promise<void> {
    await this.stop()
    await this.federation.close()
    await this.store.close()
  }

  #source(random: () => number): Source {
    const { versions, via, options } = this.#options
    const at = versions.length > 1 ? { zone: this.federation.zone.url } : { host: this.provider.url }
    const { clock } = this
    return onedata.build(
      { ...at, token: { env: 'UNUSED' }, via, ...options },
      {
        name: 'onedata',
        clock,
        random,
        network: this.#network,
        log: this.#log(),
        meter: this.#meter(),
        secret: () => fixedSecret(this.provider.token),
      },
    )
  }

  #meter(): SourceMeter {
    return {
      ...silentSourceMeter,
      gap: () => {
        this.gaps += 1
      },
    }
  }

  #log(): Log {
    const say = (level: string) => (fields: object, message: string) => {
      if (message.startsWith('the folder does not exist')) this.sawFolderMissing = true
      this.trace.add(this.clock.now(), `${level} ${message} ${JSON.stringify(fields)}`)
    }
    const log: Log = { debug: () => {}, info: say('info'), warn: say('warn'), error: say('error'), child: () => log }
    return log
  }
}

function createNetwork(
  { seed, latencyMs, onExchange }: WorldOptions,
  clock: VirtualClock,
  trace: Trace,
): MemoryNetwork {
  const random = seededRandom(seed)
  return new MemoryNetwork({
    clock,
    latencyMs: () => Math.floor(random() * (latencyMs + 1)),
    onExchange: (message, status) => {
      trace.add(clock.now(), `${message.method} ${message.url} ${status ?? 'no answer'}`)
      onExchange?.(message, status)
    },
  })
}
