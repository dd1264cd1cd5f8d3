export type Row = Readonly<Record<string, unknown>>

/** Runs one statement; its effect is durable when it resolves (in a transaction: when that resolves). Rejects with what the driver throws. */
export type Query = (sql: string, values?: readonly unknown[]) => Promise<readonly Row[]>

/** What the store needs of PostgreSQL: a pool of connections, or anything that answers like one. */
export interface Database {
  readonly query: Query
  /** All of it or nothing; what was refused to let another transaction go first is tried again. */
  transaction<T>(work: (query: Query) => Promise<T>): Promise<T>
  /**
   * Calls `heard` with each payload of the channel, and with null whenever some may have been missed. Resolves once it listens; it goes on through lost
   * connections until `close`.
   */
  listen(channel: string, heard: (payload: string | null) => void): Promise<void>
  close(): Promise<void>
}

/** SQLSTATEs after which the same statements may succeed: serialization failure, deadlock. */
const mayBeRepeated: ReadonlySet<string> = new Set(['40001', '40P01'])
const mostTries = 4

/** Runs again what PostgreSQL took back in favour of another transaction. */
export async function repeated<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (attempt === mostTries || !mayBeRepeated.has(sqlState(error) ?? '')) throw error
    }
  }
}

/** PostgreSQL's code of an error (postgresql.org/docs/current/errcodes-appendix.html) or the system's, such as ECONNREFUSED; null = it has none. */
export function sqlState(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null
}
