import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { Baseline } from '../../core/baseline.ts'
import type { ClaimedDelivery, Delivery, Settlement } from '../../core/delivery.ts'
import { StoreError } from '../../core/errors.ts'
import type { FileState, Phase } from '../../core/file-state.ts'
import type { Cursor } from '../../core/source.ts'
import { type Clock, sleep } from '../../lib/clock.ts'
import {
  type Claim,
  type Commit,
  type DeliveryFilter,
  type DeliveryJob,
  freshTargetState,
  type Lease,
  type OutboxDepth,
  type OwedEvent,
  type Store,
  type TargetState,
  type WatchKey,
  watchLease,
} from '../store.ts'
import { Archive } from './archive.ts'
import { Files } from './files.ts'
import { planFirstTries } from './first-tries.ts'
import type { Mirror } from './mirror.ts'
import { Outbox } from './outbox.ts'
import { renameUnits } from './rename.ts'
import { Session, sessionTtlMs } from './session.ts'
import type { Unit } from './units.ts'
import { Visitors } from './visitors.ts'
import { WatchLeases } from './watch-leases.ts'
import { layout, Wire } from './wire.ts'
import { Writer } from './writer.ts'

export interface DynamoStoreOptions {
  readonly table: string
  readonly clock: Clock
  /** By default as AWS' tools take it: `AWS_REGION` or the profile. */
  readonly region?: string | undefined
  /** How long to wait for another process that has the table; by default not at all. */
  readonly waitMs?: number
  /** The same object in each life of one process: what was read in the last one is used where nobody has written since. */
  readonly warm?: object
}

/** A session that is renewed this often outlives two failures. */
const renewMs = 20_000
const waitStepMs = 2_000
const never = new AbortController().signal
const mirrors = new WeakMap<object, { readonly table: string; readonly mirror: Mirror }>()

/**
 * Opens a store in a table of DynamoDB, which one process at a time has, until it closes it or for 60 s after its last word. A scheduled function opens it
 * for each run and closes it at the end, with `warm`: another process can run next, and what was read is not read again. Rejects with `StoreError`:
 * `STORE_LOCKED` where another one has it (the run that is under way does the work), `STORE_NOT_FOUND`, `STORE_NEWER_SCHEMA`, `STORE_FAILED`.
 */
export async function openDynamoStore(options: DynamoStoreOptions): Promise<Store> {
  const { clock, table, warm, waitMs = 0 } = options
  const wire = await wireTo(options)
  const session = new Session(wire, clock)
  try {
    const deadline = clock.now() + waitMs
    let head = await session.take()
    while (head === null && clock.now() < deadline) {
      await sleep(clock, waitStepMs, never)
      head = await session.take()
    }
    if (head === null) throw await refusal(wire)
    const kept = warm === undefined ? undefined : mirrors.get(warm)
    const writer = new Writer(wire, session, kept?.table === table ? kept.mirror : null)
    writer.heed(head)
    return new DynamoStore(options, wire, session, writer)
  } catch (error) {
    wire.close()
    throw error
  }
}

/** Opens the table of a running process beside it, for an operator's command. Rejects with `StoreError`: `STORE_NOT_FOUND`, `STORE_NEWER_SCHEMA`, `STORE_FAILED`. */
export async function openDynamoStoreBeside(options: DynamoStoreOptions): Promise<Store> {
  const wire = await wireTo(options)
  const writer = new Writer(wire, null, null)
  try {
    await writer.current()
    return new DynamoStore(options, wire, null, writer)
  } catch (error) {
    wire.close()
    throw error
  }
}

/** The SDK is loaded only where it is used. It repeats what fails in passing. */
async function wireTo({ table, clock, region }: DynamoStoreOptions): Promise<Wire> {
  const sdk = await import('@aws-sdk/client-dynamodb')
  const client: DynamoDBClient = new sdk.DynamoDBClient({
    ...(region === undefined ? {} : { region }),
    maxAttempts: 5,
    requestHandler: { requestTimeout: 10_000, throwOnRequestTimeout: true, connectionTimeout: 5_000 },
  })
  return new Wire(table, sdk, client, clock)
}

async function refusal(wire: Wire): Promise<StoreError> {
  const head = await wire.head()
  if (head !== null && head.minReader > layout) {
    return new StoreError('STORE_NEWER_SCHEMA', `The table ${wire.table} was written by a newer version.`)
  }
  return new StoreError(
    'STORE_LOCKED',
    `Another process has the table ${wire.table}; one that died keeps it for ${sessionTtlMs / 1_000} s.`,
  )
}

class DynamoStore implements Store {
  /** One process writes; a second one waits for the table as a whole. */
  readonly isShared = false
  readonly #options: DynamoStoreOptions
  readonly #clock: Clock
  readonly #wire: Wire
  readonly #session: Session | null
  readonly #writer: Writer
  readonly #archive: Archive
  readonly #outbox: Outbox
  readonly #files: Files
  readonly #leases: WatchLeases
  readonly #visitors = new Visitors()
  readonly #closing = new AbortController()
  readonly #renewing: Promise<void>
  #regaining: Promise<boolean> | null = null

  constructor(options: DynamoStoreOptions, wire: Wire, session: Session | null, writer: Writer) {
    this.#options = options
    this.#clock = options.clock
    this.#wire = wire
    this.#session = session
    this.#writer = writer
    this.#archive = new Archive(wire)
    this.#outbox = new Outbox(this.#archive)
    this.#files = new Files(wire, session !== null)
    this.#leases = new WatchLeases(options.clock)
    writer.onDurable = (op) => this.#files.apply(op)
    writer.onOthers = () => this.#visitors.came()
    this.#renewing = session === null ? Promise.resolve() : this.#keepRenewing(session)
  }

  commit({ watch, epoch, states, forget, events, cursor, baselines = [] }: Commit): Promise<void> {
    return this.#write(async (mirror) => {
      this.#leases.check(watchLease(watch), epoch)
      const now = this.#clock.now()
      // The order is the promise: what is owed, then what led to it, then how far the source was read.
      return [
        ...(await this.#outbox.owe(mirror, events, now)),
        ...this.#files.put(mirror, states, now),
        ...forget.map((each) => this.#files.remove(mirror, each)),
        ...baselines.map((baseline) => mirror.triggers.put(baseline.trigger, { name: baseline.trigger, baseline })),
        ...(cursor === undefined ? [] : [cursorUnit(mirror, watch, cursor)]),
      ]
    })
  }

  async cursor(watch: WatchKey): Promise<Cursor | null> {
    return (await this.#read()).cursors.get(watchLease(watch)) ?? null
  }

  async baseline(trigger: string): Promise<Baseline | null> {
    return (await this.#read()).triggers.get(trigger)?.baseline ?? null
  }

  noteFirstTries(triggers: readonly string[], at: number): Promise<ReadonlyMap<string, number>> {
    return this.#run(() => this.#writer.run((mirror) => planFirstTries(mirror, triggers, at)))
  }

  async files(trigger: string, fileIds: readonly string[]): Promise<ReadonlyMap<string, FileState>> {
    return this.#files.byId(await this.#readFiles(trigger, fileIds), trigger, fileIds)
  }

  async filesByPath(trigger: string, paths: readonly string[]): Promise<readonly FileState[]> {
    return this.#files.byPath(await this.#readFiles(trigger, null), trigger, paths)
  }

  async pageFiles(
    trigger: string,
    phases: readonly Phase[],
    after: string | null,
    limit: number,
  ): Promise<readonly FileState[]> {
    return this.#files.page(
      await this.#readFiles(trigger, Files.areInMirror(phases) ? [] : null),
      trigger,
      phases,
      after,
      limit,
    )
  }

  async claim(claim: Claim): Promise<readonly ClaimedDelivery[]> {
    const claimed = await this.#run(() => this.#writer.run((mirror) => this.#outbox.claim(mirror, claim)))
    this.#outbox.take(claimed, claim.leaseUntil)
    return claimed
  }

  /** What earlier lives had claimed is free already. */
  async releaseClaims(): Promise<void> {}

  async settle(settlements: readonly Settlement[], owed: readonly OwedEvent[] = []): Promise<void> {
    await this.#write((mirror) => this.#outbox.settle(mirror, settlements, owed, this.#clock.now()))
    this.#outbox.letGo(settlements)
  }

  async nextDue(target: string): Promise<number | null> {
    return this.#outbox.nextDue(await this.#read(), target, this.#clock.now())
  }

  async delivery(id: string): Promise<Delivery | null> {
    const mirror = await this.#read()
    return this.#run(() => this.#outbox.find(mirror, id))
  }

  async deliveries(filter: DeliveryFilter): Promise<readonly Delivery[]> {
    const mirror = await this.#read()
    return this.#run(() => this.#outbox.list(mirror, filter))
  }

  async openJobs(target: string, seenBy: number, limit: number): Promise<readonly DeliveryJob[]> {
    return this.#outbox.openJobs(await this.#read(), target, seenBy, limit)
  }

  saveJobs(jobs: readonly DeliveryJob[]): Promise<void> {
    return this.#write((mirror) => this.#outbox.saveJobs(mirror, jobs))
  }

  async targetState(target: string): Promise<TargetState> {
    return (await this.#read()).targets.get(target)?.state ?? freshTargetState
  }

  saveTargetState(target: string, state: TargetState): Promise<void> {
    return this.#write((mirror) => this.#outbox.saveTargetState(mirror, target, state))
  }

  replay(ids: readonly string[], now: number): Promise<number> {
    return this.#run(() => this.#writer.run((mirror) => this.#outbox.replay(mirror, ids, now)))
  }

  rerun(ids: readonly string[], now: number): Promise<readonly string[]> {
    const planned = new Map<string, string>()
    return this.#run(() => this.#writer.run((mirror) => this.#outbox.rerun(mirror, ids, now, planned)))
  }

  discard(ids: readonly string[], now: number): Promise<number> {
    return this.#run(() => this.#writer.run((mirror) => this.#outbox.discard(mirror, ids, now)))
  }

  async depth(): Promise<readonly OutboxDepth[]> {
    return this.#outbox.depth(await this.#read())
  }

  /** Watches need no lease of the table's: who has the table has all of them. */
  async lease(name: string, holder: string, ttlMs: number): Promise<Lease | null> {
    const isOurs = await this.#run(() => this.#regain())
    return isOurs ? this.#leases.take(name, holder, ttlMs) : null
  }

  async releaseLease(name: string, holder: string): Promise<void> {
    this.#leases.release(name, holder)
  }

  async triggers(): Promise<readonly string[]> {
    return (await this.#read()).triggers
      .values()
      .map(({ name }) => name)
      .toSorted()
  }

  renameTrigger(from: string, to: string): Promise<void> {
    return this.#write((mirror) => renameUnits(mirror, this.#files, { from, to, now: this.#clock.now() }))
  }

  prune(before: { readonly delivered: number; readonly gone: number }): Promise<number> {
    return this.#run(() =>
      this.#writer.run(async (mirror) => {
        const units = [
          ...(await this.#outbox.prune(mirror, before.delivered)),
          ...(await this.#files.prune(mirror, before.gone)),
        ]
        return { units, result: units.length }
      }),
    )
  }

  writesByOthers(known: number, signal: AbortSignal): Promise<number> {
    return this.#visitors.since(known, signal)
  }

  async backup(): Promise<void> {
    throw new StoreError(
      'STORE_FAILED',
      `The table ${this.#options.table} is no file: back it up with AWS, by point-in-time recovery or \`aws dynamodb create-backup\`.`,
    )
  }

  /** DynamoDB tells it every six hours only, and to those who may describe tables. */
  async sizeBytes(): Promise<number> {
    return 0
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return
    this.#closing.abort()
    await this.#renewing
    await this.#writer.idle()
    const { warm, table } = this.#options
    if (warm !== undefined && this.#writer.isFresh) mirrors.set(warm, { table, mirror: this.#writer.mirror })
    // Nothing hangs on it: a lease that cannot be given back runs out.
    await this.#session?.release().catch(() => {})
    this.#wire.close()
  }

  async #keepRenewing(session: Session): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      await sleep(this.#clock, renewMs, signal).catch(() => {})
      if (signal.aborted || session.epoch === null) continue
      // In turn with the writes, or an own one would look like somebody else's.
      await this.#writer
        .run(async () => {
          const head = await session.keep()
          if (head !== null) this.#writer.heed(head)
          return { units: [], result: null }
        })
        // The next time may do; every write renews it too, and is refused where the table was taken over.
        .catch(() => {})
    }
  }

  /** Whether this process has the table, if need be again. */
  async #regain(): Promise<boolean> {
    const session = this.#session
    if (session === null || session.epoch !== null) return true
    this.#regaining ??= this.#takeAgain(session)
    return this.#regaining
  }

  /** Once for all watches: each time ends the leases of the others. */
  async #takeAgain(session: Session): Promise<boolean> {
    try {
      const head = await session.take()
      if (head === null) return false
      this.#leases.endAll()
      this.#files.forget()
      this.#writer.heed(head)
      return true
    } finally {
      this.#regaining = null
    }
  }

  #write(plan: (mirror: Mirror) => readonly Unit[] | Promise<readonly Unit[]>): Promise<void> {
    return this.#run(() => this.#writer.run(async (mirror) => ({ units: await plan(mirror), result: undefined })))
  }

  #read(): Promise<Mirror> {
    return this.#run(() => this.#writer.current())
  }

  async #readFiles(trigger: string, fileIds: readonly string[] | null): Promise<Mirror> {
    if (this.#files.isWorthRemembering(trigger, fileIds)) {
      await this.#write(async () => {
        await this.#files.remember(trigger)
        return []
      })
    }
    return this.#read()
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closing.signal.aborted) {
      throw new StoreError('STORE_FAILED', `The store in the table ${this.#options.table} is closed.`)
    }
    return work()
  }
}

function cursorUnit(mirror: Mirror, watch: WatchKey, cursor: Cursor | null): Unit {
  const name = watchLease(watch)
  return cursor === null ? mirror.cursors.drop(name) : mirror.cursors.put(name, cursor)
}
