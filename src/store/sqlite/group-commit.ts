import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { StoreError } from '../../core/errors.ts'
import type { Checkpointer } from './checkpointer.ts'
import type { LogSync } from './log-sync.ts'

interface Waiting {
  /** Runs the operation inside a transaction, a second time if the first was rolled back; what it returns tells its caller that it is durable. */
  readonly run: () => () => void
  readonly reject: (error: unknown) => void
  /** Whether its caller waits for the disk. */
  readonly isSynced: boolean
}

/** Committed, and to be told so once it is on the disk. */
interface Committed {
  readonly tell: () => void
  readonly reject: (error: unknown) => void
}

/** More than this many operations do not share one transaction: each stays short. */
const mostTogether = 256

export interface GroupCommitOptions {
  readonly toError: (error: unknown) => StoreError
  /** Called when a transaction is rolled back: what was read in it may never come to be. */
  readonly onRollback: () => void
  /** Makes commits durable where SQLite itself does not (`synchronous=NORMAL`); null = it does. */
  readonly logSync: LogSync | null
  /** Keeps the log short; null = SQLite does it inside commits. */
  readonly checkpointer: Checkpointer | null
}

/**
 * Writes that arrive in the same turn of the event loop, or while the log is synced, share one transaction and its sync: so transactions become fewer and
 * larger by themselves the more there is to do and the slower the disk is. One that fails fails alone. (Savepoints would do too, but were measured to make
 * inserts 2.5 times slower.)
 */
export class GroupCommit {
  readonly #database: DatabaseSync
  /** Prepared once: hundreds of them in a second are worth it. */
  readonly #begin: StatementSync
  readonly #end: StatementSync
  readonly #options: GroupCommitOptions
  /** Those whose callers wait for the disk, and those whose do not. */
  #waiting: Waiting[] = []
  #unsynced: Waiting[] = []
  #scheduled = false
  #committed: Committed[] = []
  #syncing: Promise<void> | null = null
  /** Set once a sync has failed. */
  #lost: StoreError | null = null

  constructor(database: DatabaseSync, options: GroupCommitOptions) {
    this.#database = database
    this.#begin = database.prepare('BEGIN IMMEDIATE')
    this.#end = database.prepare('COMMIT')
    this.#options = options
  }

  /** Resolves when it is durable: it outlives the loss of power. */
  write<T>(operation: () => T): Promise<T> {
    return this.#add(operation, true)
  }

  /**
   * Resolves when it is committed: it outlives this process, and the loss of power as soon as a later `write` has. Sees nothing that is not durable, but
   * what came in this way: it runs before the writes that share its transaction, and no transaction begins while another's sync is under way.
   */
  writeUnsynced<T>(operation: () => T): Promise<T> {
    return this.#add(operation, false)
  }

  #add<T>(operation: () => T, isSynced: boolean): Promise<T> {
    return new Promise((resolve, reject) => {
      const run = () => {
        const result = operation()
        return () => resolve(result)
      }
      const queue = isSynced ? this.#waiting : this.#unsynced
      queue.push({ run, reject, isSynced })
      this.#schedule()
    })
  }

  get #isIdle(): boolean {
    return this.#waiting.length + this.#unsynced.length === 0
  }

  #nextGroup(): readonly Waiting[] {
    const first = this.#unsynced.splice(0, mostTogether)
    return [...first, ...this.#waiting.splice(0, mostTogether - first.length)]
  }

  /** Writes down at once what still waits; resolves when its callers are told. */
  async flush(): Promise<void> {
    while (!this.#isIdle) this.#commit(this.#nextGroup())
    while (this.#syncing !== null) await this.#syncing
  }

  #schedule(): void {
    // It could not be told before the next sync anyway.
    if (this.#scheduled || this.#syncing !== null) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#commit(this.#nextGroup())
      if (!this.#isIdle) this.#schedule()
    })
  }

  /** All in one transaction; where that fails, each in one of its own, so that a bad operation takes none of its neighbours with it. */
  #commit(group: readonly Waiting[]): void {
    const failure = this.#transact(group)
    if (failure === null) return
    if (group.length === 1) group[0]?.reject(failure)
    else for (const waiting of group) this.#commit([waiting])
  }

  /** Null when the transaction is committed; those who wait for the disk are told once it is durable, the others at once. */
  #transact(group: readonly Waiting[]): StoreError | null {
    if (group.length === 0) return null
    if (this.#lost !== null) return this.#lost
    try {
      this.#begin.run()
      const committed = group.map(({ run, reject, isSynced }) => ({ tell: run(), reject, isSynced }))
      this.#end.run()
      for (const each of committed) {
        if (each.isSynced) this.#committed.push(each)
        else each.tell()
      }
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      this.#options.onRollback()
      return this.#options.toError(error)
    }
    this.#syncing ??= this.#syncAll()
    return null
  }

  /** What is committed while one sync is under way (by a flush) is covered by the next one only. */
  async #syncAll(): Promise<void> {
    do {
      const covered = this.#committed.splice(0)
      if (covered.length > 0) await this.#sync(covered)
      await this.#options.checkpointer?.next()
    } while (this.#committed.length > 0)
    // At once: whoever was just told may commit again before this promise is seen to end.
    this.#syncing = null
    if (!this.#isIdle) this.#schedule()
  }

  async #sync(covered: readonly Committed[]): Promise<void> {
    try {
      await this.#options.logSync?.sync()
    } catch (error) {
      this.#lost ??= lost(error)
    }
    for (const { tell, reject } of covered) {
      if (this.#lost === null) tell()
      else reject(this.#lost)
    }
  }
}

/**
 * After a failed sync the system counts what it could not write as written, so that no later sync tells the truth: the process has to end, and the next
 * one begins with what is really there.
 */
function lost(error: unknown): StoreError {
  const reason = error instanceof Error ? error.message : String(error)
  return new StoreError(
    'STORE_CORRUPT',
    `The disk did not keep what was written to the store (${reason}): check the disk, then start again.`,
    { cause: error },
  )
}
