import { randomUUID } from 'node:crypto'
import type { Baseline } from '../../core/baseline.ts'
import type { ClaimedDelivery, Delivery, Settlement } from '../../core/delivery.ts'
import { StoreError } from '../../core/errors.ts'
import type { FileState, Phase } from '../../core/file-state.ts'
import type { Cursor } from '../../core/source.ts'
import { type Clock, sleep } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import type {
  Claim,
  Commit,
  DeliveryFilter,
  DeliveryJob,
  Lease,
  OutboxDepth,
  OwedEvent,
  Store,
  TargetState,
  WatchKey,
} from '../store.ts'
import { ClaimsInHand } from './claims-in-hand.ts'
import type { Database, Query } from './database.ts'
import { DeliveryRows } from './delivery-rows.ts'
import { FileRows } from './file-rows.ts'
import { LeaseRows } from './lease-rows.ts'
import { Membership, memberTtlMs } from './membership.ts'
import { checkSchema, migrate, type Place, quoted, readable } from './migrate.ts'
import type { Migration } from './migrations.ts'
import { OutboxRows } from './outbox-rows.ts'
import { isPassing, storeError } from './postgres-error.ts'
import { Whispers } from './whispers.ts'

export interface PostgresStoreOptions {
  readonly database: Database
  /** Names the database in messages; holds no secret. */
  readonly name: string
  /** Schema of the tables; made where it is missing. */
  readonly schema: string
  readonly clock: Clock
  readonly log: Log
  /** Tests: a time in place of the clock of the database. */
  readonly databaseNow?: () => number
  /** Tests: other steps of the schema. */
  readonly migrations?: readonly Migration[]
}

/** A database that is not there yet when this process starts is waited for this long. */
const startMs = 60_000
const startAgainMs = 2_000
const beatMs = 2_000
/** Rows deleted in one transaction, so that pruning never holds up deliveries. */
const pruneStep = 500
/** Notifications may be lost; so others' work is looked for now and then anyway. */
const lookAnywayMs = 30_000

/**
 * Opens a store in PostgreSQL that several processes share, and makes or upgrades its schema. A database that cannot be reached is waited for, for a minute.
 * Rejects with `StoreError`: `STORE_NEWER_SCHEMA`, `STORE_FAILED`.
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  const { database, name, schema, log, clock } = options
  const place: Place = { schema: quoted(schema), name }
  const deadline = clock.now() + startMs
  for (;;) {
    try {
      await migrate(database, place, options.migrations)
      const store = new PostgresStore(options, place)
      await store.begin()
      return store
    } catch (error) {
      if (!isPassing(error) || clock.now() >= deadline) {
        await database.close()
        throw storeError(error, name)
      }
      log.warn({ store: name, err: error }, 'the database cannot be reached; trying again')
      await sleep(clock, startAgainMs, never)
    }
  }
}

/** Opens the store of running processes beside them, for an operator's command. Rejects with `StoreError`: `STORE_NOT_FOUND`, `STORE_NEWER_SCHEMA`, `STORE_FAILED`. */
export async function openPostgresStoreBeside(options: PostgresStoreOptions): Promise<Store> {
  const { database, name, schema } = options
  const place: Place = { schema: quoted(schema), name }
  try {
    await checkSchema(database, place)
    return new PostgresStore(options, place)
  } catch (error) {
    await database.close()
    throw storeError(error, name)
  }
}

const never = new AbortController().signal

class PostgresStore implements Store {
  readonly isShared = true
  readonly #options: PostgresStoreOptions
  readonly #place: Place
  readonly #database: Database
  readonly #clock: Clock
  readonly #files: FileRows
  readonly #outbox: OutboxRows
  readonly #deliveries: DeliveryRows
  readonly #leases: LeaseRows
  readonly #members: Membership
  readonly #whispers: Whispers
  readonly #closing = new AbortController()
  readonly #inHand = new ClaimsInHand()
  #beating: Promise<void> = Promise.resolve()
  #beatAt = Number.NEGATIVE_INFINITY
  /** Set when this build may not work with the database any more. */
  #refused: StoreError | null = null

  constructor(options: PostgresStoreOptions, place: Place) {
    const member = randomUUID()
    const { schema } = place
    this.#options = options
    this.#place = place
    this.#database = options.database
    this.#clock = options.clock
    this.#files = new FileRows(schema)
    this.#outbox = new OutboxRows(schema, member)
    this.#deliveries = new DeliveryRows(schema, this.#outbox)
    this.#leases = new LeaseRows(schema)
    this.#members = new Membership(schema, member)
    this.#whispers = new Whispers(`onetrigger_${options.schema}`, member, options)
  }

  /** Takes part: says that it lives, and listens to the others. */
  async begin(): Promise<void> {
    await this.#whispers.listen()
    await this.#beat()
    this.#beating = this.#keepBeating()
  }

  async commit(commit: Commit): Promise<void> {
    await this.#transaction(async (query) => {
      await this.#leases.hold(query, commit.watch, commit.epoch)
      await this.#files.put(query, commit.states, this.#clock.now())
      await this.#files.forget(query, commit.forget)
      await this.#outbox.owe(query, commit.events, this.#at())
      await this.#files.putBaselines(query, commit.baselines ?? [])
      if (commit.cursor !== undefined) await this.#leases.putCursor(query, commit.watch, commit.cursor)
    })
    if (commit.events.length > 0) this.#whispers.tell()
  }

  cursor(watch: WatchKey): Promise<Cursor | null> {
    return this.#query((query) => this.#leases.cursor(query, watch))
  }

  baseline(trigger: string): Promise<Baseline | null> {
    return this.#query((query) => this.#files.baseline(query, trigger))
  }

  noteFirstTries(triggers: readonly string[], at: number): Promise<ReadonlyMap<string, number>> {
    return this.#query((query) => this.#files.noteFirstTries(query, triggers, at))
  }

  files(trigger: string, fileIds: readonly string[]): Promise<ReadonlyMap<string, FileState>> {
    return this.#query((query) => this.#files.byId(query, trigger, fileIds))
  }

  filesByPath(trigger: string, paths: readonly string[]): Promise<readonly FileState[]> {
    return this.#query((query) => this.#files.byPath(query, trigger, paths))
  }

  pageFiles(
    trigger: string,
    phases: readonly Phase[],
    after: string | null,
    limit: number,
  ): Promise<readonly FileState[]> {
    return this.#query((query) => this.#files.page(query, trigger, phases, after, limit))
  }

  async claim(claim: Claim): Promise<readonly ClaimedDelivery[]> {
    const { target } = claim
    if (!this.#inHand.mayClaim(target)) return []
    // Paused for so long that the others take this process for dead: it says first that it lives.
    if (this.#clock.now() - this.#beatAt > memberTtlMs / 2) await this.#beat()
    const inHand = this.#inHand.afterDoubt(target)
    if (inHand !== null) {
      await this.#query((query) => this.#outbox.release(query, target, inHand))
      this.#inHand.released(target)
    }
    try {
      const claimed = await this.#query((query) => this.#outbox.claim(query, claim, this.#at()))
      this.#inHand.claimed(
        target,
        claimed.map(({ id }) => id),
      )
      return claimed
    } catch (error) {
      this.#inHand.claimFailed(target)
      throw error
    }
  }

  /** Other processes' claims are theirs; those of dead ones are freed by whoever lives. */
  async releaseClaims(): Promise<void> {}

  async settle(settlements: readonly Settlement[], owed: readonly OwedEvent[] = []): Promise<void> {
    const ids = settlements.map(({ id }) => id)
    try {
      await this.#writeSettled(settlements, owed)
    } catch (error) {
      this.#inHand.settlementFailed(ids)
      throw error
    }
    this.#inHand.settled(ids)
  }

  async #writeSettled(settlements: readonly Settlement[], owed: readonly OwedEvent[]): Promise<void> {
    if (owed.length === 0) {
      await this.#query((query) => this.#outbox.settle(query, settlements, this.#at()))
      return
    }
    await this.#transaction(async (query) => {
      await this.#outbox.settle(query, settlements, this.#at())
      await this.#outbox.owe(query, owed, this.#at())
    })
    this.#whispers.tell()
  }

  async nextDue(target: string): Promise<number | null> {
    const dueIn = await this.#query((query) => this.#outbox.dueIn(query, target, this.#at()))
    return dueIn === null ? null : this.#clock.now() + dueIn
  }

  delivery(id: string): Promise<Delivery | null> {
    return this.#query((query) => this.#deliveries.one(query, id))
  }

  deliveries(filter: DeliveryFilter): Promise<readonly Delivery[]> {
    return this.#query((query) => this.#deliveries.list(query, filter))
  }

  openJobs(target: string, seenBy: number, limit: number): Promise<readonly DeliveryJob[]> {
    return this.#query((query) => this.#deliveries.openJobs(query, target, seenBy, limit))
  }

  saveJobs(jobs: readonly DeliveryJob[]): Promise<void> {
    return this.#query((query) => this.#deliveries.saveJobs(query, jobs))
  }

  targetState(target: string): Promise<TargetState> {
    return this.#query((query) => this.#deliveries.targetState(query, target))
  }

  saveTargetState(target: string, state: TargetState): Promise<void> {
    return this.#query((query) => this.#deliveries.saveTargetState(query, target, state))
  }

  async rerun(ids: readonly string[], _now: number): Promise<readonly string[]> {
    const ofAll = await this.#transaction(async (query) => {
      const next: string[] = []
      for (const id of ids) {
        const made = await this.#deliveries.rerun(query, id, this.#at())
        if (made !== null) next.push(made)
      }
      return next
    })
    this.#whispers.tell()
    return ofAll
  }

  async replay(ids: readonly string[], _now: number): Promise<number> {
    const count = await this.#query((query) => this.#deliveries.replay(query, ids, this.#at()))
    this.#whispers.tell()
    return count
  }

  discard(ids: readonly string[], now: number): Promise<number> {
    return this.#query((query) => this.#deliveries.discard(query, ids, now))
  }

  depth(): Promise<readonly OutboxDepth[]> {
    return this.#query((query) => this.#deliveries.depth(query))
  }

  lease(name: string, holder: string, ttlMs: number): Promise<Lease | null> {
    return this.#query((query) => this.#leases.take(query, name, holder, ttlMs, this.#at()))
  }

  releaseLease(name: string, holder: string): Promise<void> {
    return this.#query((query) => this.#leases.release(query, name, holder))
  }

  triggers(): Promise<readonly string[]> {
    return this.#query((query) => this.#files.triggers(query))
  }

  renameTrigger(from: string, to: string): Promise<void> {
    return this.#transaction(async (query) => {
      await this.#files.rename(query, from, to)
      await this.#deliveries.rename(query, from, to)
    })
  }

  async prune(before: { readonly delivered: number; readonly gone: number }): Promise<number> {
    let pruned = 0
    for (;;) {
      const step = await this.#transaction(
        async (query) =>
          (await this.#deliveries.prune(query, before.delivered, pruneStep)) +
          (await this.#files.pruneGone(query, before.gone, pruneStep)),
      )
      if (step === 0) return pruned
      pruned += step
    }
  }

  writesByOthers(known: number, signal: AbortSignal): Promise<number> {
    return this.#whispers.heardSince(known, lookAnywayMs, signal)
  }

  async backup(): Promise<void> {
    throw new StoreError(
      'STORE_FAILED',
      `The store ${this.#options.name} is no file: back it up with the tools of PostgreSQL, such as pg_dump.`,
    )
  }

  sizeBytes(): Promise<number> {
    return this.#query(async (query) => {
      const [row] = await query(
        `SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0) AS bytes FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = $1 AND c.relkind = 'r'`,
        [this.#options.schema],
      )
      return Number(row?.bytes)
    })
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return
    this.#closing.abort()
    await this.#beating
    if (this.#beatAt !== Number.NEGATIVE_INFINITY) {
      await this.#members.leave(this.#database.query).catch(() => {})
      // What waited behind its last deliveries is for the others now.
      this.#whispers.tell()
    }
    await this.#whispers.close()
    await this.#database.close()
  }

  /** The time that statements take for now; null = the clock of the database. */
  #at(): number | null {
    return this.#options.databaseNow?.() ?? null
  }

  async #beat(): Promise<void> {
    const freed = await this.#query((query) => this.#members.beat(query, this.#at()))
    this.#beatAt = this.#clock.now()
    if (freed > 0) this.#whispers.hear()
  }

  async #keepBeating(): Promise<void> {
    const { signal } = this.#closing
    const { log, migrations, name } = this.#options
    while (!signal.aborted) {
      await sleep(this.#clock, beatMs, signal).catch(() => {})
      if (signal.aborted) return
      try {
        await this.#beat()
        await readable(this.#database.query, this.#place, migrations)
      } catch (error) {
        if (error instanceof StoreError && error.code === 'STORE_NEWER_SCHEMA') this.#refused ??= error
        log.warn({ store: name, err: error }, 'the database could not be told that this process lives')
      }
    }
  }

  #query<T>(work: (query: Query) => Promise<T>): Promise<T> {
    return this.#guarded(() => work(this.#database.query))
  }

  #transaction<T>(work: (query: Query) => Promise<T>): Promise<T> {
    return this.#guarded(() => this.#database.transaction(work))
  }

  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    const { name } = this.#options
    if (this.#closing.signal.aborted) throw new StoreError('STORE_FAILED', `The store ${name} is closed.`)
    if (this.#refused !== null) throw this.#refused
    try {
      return await work()
    } catch (error) {
      throw storeError(error, name)
    }
  }
}
