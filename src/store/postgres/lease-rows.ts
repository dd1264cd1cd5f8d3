import { StoreError } from '../../core/errors.ts'
import type { Cursor } from '../../core/source.ts'
import { type Lease, type WatchKey, watchLease } from '../store.ts'
import type { Query } from './database.ts'
import { nowSql } from './sql.ts'

/** Leases by the clock of the database, and the cursors that their holders write. */
export class LeaseRows {
  readonly #schema: string

  constructor(schema: string) {
    this.#schema = schema
  }

  async take(query: Query, name: string, holder: string, ttlMs: number, at: number | null): Promise<Lease | null> {
    const [row] = await query(
      `INSERT INTO ${this.#schema}.leases AS l (name, holder, epoch, until) VALUES ($1, $2, 1, ${nowSql(4)} + $3::bigint)
       ON CONFLICT (name) DO UPDATE
       SET holder = excluded.holder, until = excluded.until, epoch = l.epoch + (l.holder <> excluded.holder)::int
       WHERE l.holder = excluded.holder OR l.until <= ${nowSql(4)}
       RETURNING epoch`,
      [name, holder, ttlMs, at],
    )
    return row === undefined ? null : { epoch: Number(row.epoch) }
  }

  async release(query: Query, name: string, holder: string): Promise<void> {
    await query(`UPDATE ${this.#schema}.leases SET until = 0 WHERE name = $1 AND holder = $2`, [name, holder])
  }

  /** Keeps the lease from moving on until the transaction ends; rejects with `STORE_FENCED` where it has. */
  async hold(query: Query, watch: WatchKey, epoch: number): Promise<void> {
    const [row] = await query(`SELECT epoch FROM ${this.#schema}.leases WHERE name = $1 FOR SHARE`, [watchLease(watch)])
    if (row === undefined || Number(row.epoch) === epoch) return
    throw new StoreError('STORE_FENCED', 'Another process has taken over this watch; this one may not write any more.')
  }

  async putCursor(query: Query, watch: WatchKey, cursor: Cursor | null): Promise<void> {
    const name = watchLease(watch)
    if (cursor === null) await query(`DELETE FROM ${this.#schema}.cursors WHERE watch = $1`, [name])
    else
      await query(
        `INSERT INTO ${this.#schema}.cursors (watch, data) VALUES ($1, $2)
         ON CONFLICT (watch) DO UPDATE SET data = excluded.data`,
        [name, JSON.stringify(cursor)],
      )
  }

  async cursor(query: Query, watch: WatchKey): Promise<Cursor | null> {
    const [row] = await query(`SELECT data FROM ${this.#schema}.cursors WHERE watch = $1`, [watchLease(watch)])
    // What `putCursor` wrote.
    return row === undefined ? null : (JSON.parse(String(row.data)) as Cursor)
  }
}
