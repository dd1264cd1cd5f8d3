import { PGlite } from '@electric-sql/pglite'
import { type Database, type Query, type Row, repeated } from '../../src/store/postgres/database.ts'

/** PostgreSQL itself, in this process and in memory: one connection, so transactions wait for each other. */
export async function startPglite(): Promise<{
  readonly database: () => Database
  readonly close: () => Promise<void>
}> {
  const pglite = await PGlite.create()
  const run = async (
    on: { query<T>(sql: string, values?: unknown[]): Promise<{ rows: T[] }> },
    sql: string,
    values: readonly unknown[] = [],
  ) => (await on.query<Row>(sql, [...values])).rows
  const database = (): Database => {
    const unlisten: (() => Promise<void>)[] = []
    return {
      query: (sql, values) => repeated(() => run(pglite, sql, values)),
      transaction: (work) =>
        repeated(() =>
          pglite.transaction((transaction) => {
            const query: Query = (sql, values) => run(transaction, sql, values)
            return work(query)
          }),
        ),
      listen: async (channel, heard) => {
        unlisten.push(await pglite.listen(channel, heard))
      },
      close: async () => {
        for (const each of unlisten.splice(0)) await each()
      },
    }
  }
  return { database, close: () => pglite.close() }
}
