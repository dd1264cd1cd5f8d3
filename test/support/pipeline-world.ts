import type { FileEvent } from '../../src/core/event.ts'
import type { FileFacts, FileSeen, Observation } from '../../src/core/observation.ts'
import type { ReadAnswer, ReadRequest, WatchBatch } from '../../src/core/source.ts'
import type { Trigger } from '../../src/core/trigger.ts'
import { type Log, silentLog } from '../../src/lib/log.ts'
import { silentPipelineMeter } from '../../src/pipeline/meter.ts'
import { createPipeline, type Pipeline, type Progress } from '../../src/pipeline/pipeline.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import type { Store } from '../../src/store/store.ts'
import { aFile, fileEvent } from './builders.ts'
import { FakeClock, settled } from './fake-clock.ts'

/** Files as they really are, a pipeline that is told of them, and everything it made of that. Time stands still until it is moved. */
export class PipelineWorld {
  readonly clock: FakeClock
  readonly store: Store
  readonly triggers: readonly Trigger[]
  /** What a fresh read finds: by file id. */
  readonly real = new Map<string, FileSeen>()
  readonly reads: ReadRequest[] = []
  /** File ids whose reads are answered with "unavailable". */
  readonly unreadable = new Set<string>()
  readonly premature: string[] = []
  /** Targets that were woken. */
  readonly owed: string[] = []
  readonly progress: Progress[] = []
  readonly logged: { readonly level: string; readonly fields: object; readonly message: string }[] = []
  /** Reads are answered when this resolves. */
  readGate: Promise<void> = Promise.resolve()
  /** The source has a place for a read when this resolves. */
  placeGate: Promise<void> = Promise.resolve()
  /** Its answers come instead of the true ones, where it gives any. */
  answer: (request: ReadRequest) => readonly ReadAnswer[] | null = () => null
  pipeline: Pipeline
  #stop = new AbortController()
  #running: Promise<void> = Promise.resolve()
  #scan = 0

  constructor(triggers: readonly Trigger[], clock = new FakeClock(), store: Store = createMemoryStore(clock)) {
    this.clock = clock
    this.store = store
    this.triggers = triggers
    this.pipeline = this.start()
  }

  start(): Pipeline {
    this.#stop = new AbortController()
    this.pipeline = createPipeline({
      watch: { source: 'onedata', spaceId: 'space1' },
      epoch: 1,
      sourceName: 'onedata',
      space: { id: 'space1', name: 'Gamma' },
      readable: () => this.placeGate,
      read: (requests) => this.#read(requests),
      triggers: this.triggers,
      store: this.store,
      clock: this.clock,
      meter: { ...silentPipelineMeter, premature: (trigger) => this.premature.push(trigger) },
      log: this.#log(),
      onOwed: (targets) => this.owed.push(...targets),
      onProgress: (progress) => this.progress.push(progress),
    })
    this.#running = this.pipeline.run(this.#stop.signal)
    this.#running.catch(() => {})
    return this.pipeline
  }

  /** Settles as the pipeline's run does. */
  get running(): Promise<void> {
    return this.#running
  }

  /** As a crash or stop would: nothing in memory survives. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error('stopped by the test'))
    await this.#running.catch(() => {})
  }

  async restart(): Promise<void> {
    await this.stop()
    this.start()
    await settled()
  }

  /** Makes a file as it really is, without telling. */
  put(path: string, facts: FileFacts, fileId = `id-${path}`): FileSeen {
    const file = aFile(path, facts, 'events', fileId)
    this.real.set(fileId, file)
    return file
  }

  /** Changes a file and tells of it. */
  async seen(path: string, facts: FileFacts, fileId = `id-${path}`): Promise<void> {
    await this.push([this.put(path, facts, fileId)])
  }

  async push(observations: readonly Observation[], more: Omit<WatchBatch, 'observations'> = {}): Promise<void> {
    await this.pipeline.sink.push({ observations, ...more })
    await settled()
  }

  /** A complete listing of what there really is. */
  async scan(
    options: {
      readonly complete?: boolean
      readonly unreadable?: readonly string[]
      readonly without?: readonly string[]
    } = {},
  ): Promise<void> {
    this.#scan += 1
    const scan = this.#scan
    await this.push([], { scan, mark: { kind: 'begin', scan, serverTimeMs: this.clock.wall() } })
    const listed = [...this.real.values()].filter((file) => !options.without?.includes(file.fileId))
    await this.push(
      listed.map((file) => ({ ...file, by: 'scan' as const })),
      { scan },
    )
    const end = { kind: 'end', scan, complete: options.complete ?? true, unreadable: options.unreadable ?? [] } as const
    await this.push([], { scan, mark: end })
  }

  /** Every event that is owed or was, oldest first. */
  async events(): Promise<readonly FileEvent[]> {
    const deliveries = await this.store.deliveries({ limit: 100_000 })
    return deliveries.map((delivery) => fileEvent(delivery.event))
  }

  async #read(requests: readonly ReadRequest[]): Promise<readonly ReadAnswer[]> {
    this.reads.push(...requests)
    const answers = requests.flatMap((request) => this.answer(request) ?? [this.#trueAnswer(request)])
    await this.readGate
    return answers
  }

  #trueAnswer({ fileId }: ReadRequest): ReadAnswer {
    if (this.unreadable.has(fileId)) return { kind: 'unavailable', fileId, reason: 'the test says so' }
    const file = this.real.get(fileId)
    return file === undefined ? { kind: 'gone', fileId, by: 'read' } : { ...file, by: 'read' }
  }

  #log(): Log {
    const at = (level: string) => (fields: object, message: string) => {
      this.logged.push({ level, fields, message })
    }
    return { ...silentLog, info: at('info'), warn: at('warn'), error: at('error') }
  }
}
