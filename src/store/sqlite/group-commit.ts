import type { DatabaseSync } from 'node:sqlite'
import type { StoreError } from '../../core/errors.ts'

interface Waiting {
  /** Runs the operation inside a transaction, a second time if the first was rolled back; what it returns tells its caller that it is durable. */
  readonly run: () => () => void
  readonly reject: (error: unknown) => void
}

/** More than this many operations do not share one transaction: each stays short. */
const mostTogether = 256

/**
 * Writes that arrive in the same turn of the event loop share one transaction, and with it one fsync. One that fails fails alone. A caller is told
 * only after the transaction is durable. (Savepoints would do too, but were measured to make inserts 2.5 times slower.)
 */
export class GroupCommit {
  readonly #database: DatabaseSync
  readonly #toError: (error: unknown) => StoreError
  #waiting: Waiting[] = []
  #scheduled = false

  constructor(database: DatabaseSync, toError: (error: unknown) => StoreError) {
    this.#database = database
    this.#toError = toError
  }

  write<T>(operation: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const run = () => {
        const result = operation()
        return () => resolve(result)
      }
      this.#waiting.push({ run, reject })
      this.#schedule()
    })
  }

  /** Writes down at once what still waits. */
  flush(): void {
    while (this.#waiting.length > 0) this.#commit(this.#waiting.splice(0, mostTogether))
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#commit(this.#waiting.splice(0, mostTogether))
      if (this.#waiting.length > 0) this.#schedule()
    })
  }

  /** All in one transaction; where that fails, each in one of its own, so that a bad operation takes none of its neighbours with it. */
  #commit(group: readonly Waiting[]): void {
    const failure = this.#transact(group)
    if (failure === null) return
    if (group.length === 1) group[0]?.reject(failure)
    else for (const waiting of group) this.#commit([waiting])
  }

  /** Null when the transaction is durable and its callers are told. */
  #transact(group: readonly Waiting[]): StoreError | null {
    if (group.length === 0) return null
    try {
      this.#database.exec('BEGIN IMMEDIATE')
      const tellings = group.map((waiting) => waiting.run())
      this.#database.exec('COMMIT')
      for (const tell of tellings) tell()
      return null
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      return this.#toError(error)
    }
  }
}
