import { statSync, writeFileSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
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
  type Lease,
  type OutboxDepth,
  type OwedEvent,
  type Store,
  type TargetState,
  type WatchKey,
  watchLease,
} from '../store.ts'
import { type Checkpointer, checkpointsBeside, createCheckpointer } from './checkpointer.ts'
import { FileRows } from './file-rows.ts'
import { GroupCommit } from './group-commit.ts'
import { JobRows } from './job-rows.ts'
import { type OpenDatabase, openDatabase, openDatabaseBeside } from './open-database.ts'
import { OutboxRows } from './outbox-rows.ts'
import { storeError } from './sqlite-error.ts'
import { Names, Statements } from './statements.ts'

export interface SqliteStoreOptions {
  /** The database file; its folder is made where it is missing. */
  readonly path: string
  readonly clock: Clock
}

/** How soon what an operator's command has written is seen. */
const lookEveryMs = 1_000
/** Rows deleted in one transaction, so that pruning never holds up deliveries. */
const pruneStep = 500

/**
 * Opens a store in one SQLite file (WAL, synced as ADR 9 and 15 say) for this process alone. Rejects with `StoreError`: `STORE_LOCKED`, `STORE_CORRUPT`,
 * `STORE_NEWER_SCHEMA`, `STORE_FAILED`.
 */
export async function openSqliteStore({ path, clock }: SqliteStoreOptions): Promise<Store> {
  return new SqliteStore(openDatabase(path), path, clock)
}

/**
 * Opens the store of a running process beside it, for an operator's command. Rejects with `StoreError`: `STORE_NOT_FOUND`, `STORE_NEWER_SCHEMA`,
 * `STORE_CORRUPT`, `STORE_FAILED`.
 */
export async function openSqliteStoreBeside({ path, clock }: SqliteStoreOptions): Promise<Store> {
  return new SqliteStore(openDatabaseBeside(path), path, clock)
}

class SqliteStore implements Store {
  readonly isShared = false
  readonly #open: OpenDatabase
  readonly #database: DatabaseSync
  readonly #path: string
  readonly #clock: Clock
  readonly #checkpointer: Checkpointer | null
  readonly #group: GroupCommit
  readonly #statements: Statements
  readonly #names: Names
  readonly #files: FileRows
  readonly #outbox: OutboxRows
  readonly #jobs: JobRows
  #closed = false

  constructor(open: OpenDatabase, path: string, clock: Clock) {
    this.#open = open
    this.#database = open.database
    this.#path = path
    this.#clock = clock
    const isSound = checkpointsBeside(process.versions.sqlite ?? '')
    this.#checkpointer = open.logSync !== null && isSound ? createCheckpointer(open.database, { path, clock }) : null
    this.#group = new GroupCommit(open.database, {
      toError: (error) => storeError(error, path),
      onRollback: () => {
        this.#names.forget()
        this.#outbox.forget()
      },
      logSync: open.logSync,
      checkpointer: this.#checkpointer,
    })
    this.#statements = new Statements(open.database)
    this.#names = new Names(this.#statements)
    this.#files = new FileRows(this.#statements, this.#names)
    this.#outbox = new OutboxRows(this.#statements, this.#names)
    this.#jobs = new JobRows(this.#statements, this.#names)
  }

  /**
   * Waits for the disk where something follows from it: an event is owed, or what is from before is settled. All else a loss of power may take back as
   * one, states and cursor: the provider tells of it again.
   */
  commit(commit: Commit): Promise<void> {
    const isSynced = commit.events.length + (commit.baselines?.length ?? 0) > 0
    return this.#write(() => {
      this.#checkEpoch(commit)
      const now = this.#clock.now()
      for (const state of commit.states) this.#files.put(state, now)
      for (const { trigger, fileId } of commit.forget) this.#files.forget(trigger, fileId)
      for (const owed of commit.events) this.#outbox.owe(owed, now)
      for (const baseline of commit.baselines ?? []) this.#files.putBaseline(baseline)
      if (commit.cursor !== undefined) this.#putCursor(commit.watch, commit.cursor)
    }, isSynced)
  }

  cursor(watch: WatchKey): Promise<Cursor | null> {
    return this.#read(() => {
      const row = this.#statements.one('SELECT data FROM cursors WHERE watch = ?', watchLease(watch))
      // What `#putCursor` wrote.
      return row === undefined ? null : (JSON.parse(String(row.data)) as Cursor)
    })
  }

  baseline(trigger: string): Promise<Baseline | null> {
    return this.#read(() => this.#files.baseline(trigger))
  }

  noteFirstTries(triggers: readonly string[], at: number): Promise<ReadonlyMap<string, number>> {
    return this.#write(() => new Map(triggers.map((trigger) => [trigger, this.#files.noteFirstTry(trigger, at)])))
  }

  files(trigger: string, fileIds: readonly string[]): Promise<ReadonlyMap<string, FileState>> {
    return this.#read(() => this.#files.byId(trigger, fileIds))
  }

  filesByPath(trigger: string, paths: readonly string[]): Promise<readonly FileState[]> {
    return this.#read(() => this.#files.byPath(trigger, paths))
  }

  pageFiles(
    trigger: string,
    phases: readonly Phase[],
    after: string | null,
    limit: number,
  ): Promise<readonly FileState[]> {
    return this.#read(() => this.#files.page(trigger, phases, after, limit))
  }

  /** Does not wait for the disk: that an attempt was begun outlives this process, and what is handed out was durable before. */
  claim(claim: Claim): Promise<readonly ClaimedDelivery[]> {
    return this.#write(() => {
      const claimed = this.#outbox.claim(claim)
      if (claimed.length > 0) this.#checkpointer?.delivers()
      return claimed
    }, false)
  }

  releaseClaims(): Promise<void> {
    return this.#write(() => this.#outbox.releaseClaims())
  }

  settle(settlements: readonly Settlement[], owed: readonly OwedEvent[] = []): Promise<void> {
    return this.#write(() => {
      for (const settlement of settlements) this.#outbox.settle(settlement)
      const now = this.#clock.now()
      for (const each of owed) this.#outbox.owe(each, now)
    })
  }

  nextDue(target: string): Promise<number | null> {
    return this.#read(() => this.#outbox.nextDue(target))
  }

  delivery(id: string): Promise<Delivery | null> {
    return this.#read(() => this.#outbox.delivery(id))
  }

  deliveries(filter: DeliveryFilter): Promise<readonly Delivery[]> {
    return this.#read(() => this.#outbox.list(filter))
  }

  openJobs(target: string, seenBy: number, limit: number): Promise<readonly DeliveryJob[]> {
    return this.#read(() => this.#jobs.open(target, seenBy, limit))
  }

  saveJobs(jobs: readonly DeliveryJob[]): Promise<void> {
    return this.#write(() => {
      for (const job of jobs) this.#jobs.save(job)
    })
  }

  targetState(target: string): Promise<TargetState> {
    return this.#read(() => this.#outbox.targetState(target))
  }

  saveTargetState(target: string, state: TargetState): Promise<void> {
    return this.#write(() => this.#outbox.saveTargetState(target, state))
  }

  rerun(ids: readonly string[], now: number): Promise<readonly string[]> {
    return this.#write(() => ids.flatMap((id) => this.#outbox.rerun(id, now) ?? []))
  }

  replay(ids: readonly string[], now: number): Promise<number> {
    return this.#write(() => ids.reduce((count, id) => count + this.#outbox.replay(id, now), 0))
  }

  discard(ids: readonly string[], now: number): Promise<number> {
    return this.#write(() => ids.reduce((count, id) => count + this.#outbox.discard(id, now), 0))
  }

  depth(): Promise<readonly OutboxDepth[]> {
    return this.#read(() => this.#outbox.depth())
  }

  lease(name: string, holder: string, ttlMs: number): Promise<Lease | null> {
    return this.#write(() => {
      const now = this.#clock.now()
      const row = this.#statements.one('SELECT holder, epoch, until FROM leases WHERE name = ?', name)
      const isMine = row?.holder === holder
      if (row !== undefined && !isMine && Number(row.until) > now && !this.#heldByEarlierLife(String(row.holder)))
        return null
      const epoch = row === undefined ? 1 : Number(row.epoch) + (isMine ? 0 : 1)
      this.#statements.run(
        `INSERT INTO leases (name, holder, epoch, until) VALUES (?, ?, ?, ?)
         ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, epoch = excluded.epoch, until = excluded.until`,
        name,
        holder,
        epoch,
        now + ttlMs,
      )
      this.#holders.add(holder)
      return { epoch }
    })
  }

  releaseLease(name: string, holder: string): Promise<void> {
    return this.#write(() => {
      this.#statements.run('UPDATE leases SET until = 0 WHERE name = ? AND holder = ?', name, holder)
    })
  }

  triggers(): Promise<readonly string[]> {
    return this.#read(() => this.#files.triggers())
  }

  renameTrigger(from: string, to: string): Promise<void> {
    return this.#write(() => {
      this.#files.rename(from, to)
      this.#outbox.rename(from, to)
    })
  }

  async prune(before: { readonly delivered: number; readonly gone: number }): Promise<number> {
    let pruned = 0
    for (;;) {
      const step = await this.#write(
        () => this.#outbox.prune(before.delivered, pruneStep) + this.#files.pruneGone(before.gone, pruneStep),
      )
      if (step === 0) return pruned
      pruned += step
    }
  }

  /** SQLite tells nobody, so it is asked every second. */
  async writesByOthers(known: number, signal: AbortSignal): Promise<number> {
    for (;;) {
      const seen = await this.#read(() => Number(this.#statements.one('PRAGMA data_version')?.data_version))
      if (seen !== known || signal.aborted) return seen
      await sleep(this.#clock, lookEveryMs, signal).catch(() => {})
    }
  }

  /** Into an empty file that only its owner may read; a transaction of its own, so that writers go on meanwhile. */
  backup(path: string): Promise<void> {
    return this.#read(() => {
      writeFileSync(path, '', { mode: 0o600, flag: 'wx' })
      this.#database.prepare('VACUUM INTO ?').run(path)
    })
  }

  sizeBytes(): Promise<number> {
    return this.#read(() => fileSize(this.#path) + fileSize(`${this.#path}-wal`))
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#group.flush()
    await this.#checkpointer?.close()
    this.#open.close()
  }

  /** Holders of leases in this process. The lock admits one process, so any other holder is a life that has ended. */
  readonly #holders = new Set<string>()

  #heldByEarlierLife(holder: string): boolean {
    return !this.#holders.has(holder)
  }

  async #write<T>(operation: () => T, isSynced = true): Promise<T> {
    if (this.#closed) throw new StoreError('STORE_FAILED', `The store ${this.#path} is closed.`)
    const result = await (isSynced ? this.#group.write(operation) : this.#group.writeUnsynced(operation))
    return result
  }

  async #read<T>(operation: () => T): Promise<T> {
    if (this.#closed) throw new StoreError('STORE_FAILED', `The store ${this.#path} is closed.`)
    try {
      return operation()
    } catch (error) {
      throw storeError(error, this.#path)
    }
  }

  #checkEpoch({ watch, epoch }: Commit): void {
    const row = this.#statements.one('SELECT epoch FROM leases WHERE name = ?', watchLease(watch))
    if (row !== undefined && Number(row.epoch) !== epoch) {
      throw new StoreError(
        'STORE_FENCED',
        'Another process has taken over this watch; this one may not write any more.',
      )
    }
  }

  #putCursor(watch: WatchKey, cursor: Cursor | null): void {
    if (cursor === null) {
      this.#statements.run('DELETE FROM cursors WHERE watch = ?', watchLease(watch))
      return
    }
    this.#statements.run(
      'INSERT INTO cursors (watch, data) VALUES (?, ?) ON CONFLICT (watch) DO UPDATE SET data = excluded.data',
      watchLease(watch),
      JSON.stringify(cursor),
    )
  }
}

function fileSize(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
