import type { Query } from './database.ts'
import { nowSql } from './sql.ts'

/** A member that has not been heard of for so long is dead, and what it had claimed is free. */
export const memberTtlMs = 6_000

/** Who works on the outbox: each process says every few seconds that it lives, and clears up behind those that do not. */
export class Membership {
  readonly #schema: string
  readonly #member: string

  constructor(schema: string, member: string) {
    this.#schema = schema
    this.#member = member
  }

  /** Resolves with how many claims of dead members this has freed. */
  async beat(query: Query, at: number | null): Promise<number> {
    const [row] = await query(
      `WITH clock AS MATERIALIZED (SELECT ${nowSql(3)} AS now),
       me AS (
         INSERT INTO ${this.#schema}.members (id, alive_until) VALUES ($1, (SELECT now FROM clock) + $2::bigint)
         ON CONFLICT (id) DO UPDATE SET alive_until = excluded.alive_until
       ),
       dead AS (
         DELETE FROM ${this.#schema}.members WHERE id IN (
           SELECT id FROM ${this.#schema}.members WHERE alive_until <= (SELECT now FROM clock) AND id <> $1 FOR UPDATE SKIP LOCKED
         ) RETURNING id
       ),
       freed AS (
         DELETE FROM ${this.#schema}.flights f WHERE f.member IN (SELECT id FROM dead) OR f.lease_until <= (SELECT now FROM clock)
         RETURNING 1
       )
       SELECT count(*) AS freed FROM freed`,
      [this.#member, memberTtlMs, at],
    )
    return Number(row?.freed ?? 0)
  }

  /** It ends in order: what it still held is free at once. */
  async leave(query: Query): Promise<void> {
    await query(
      `WITH gone AS (DELETE FROM ${this.#schema}.members WHERE id = $1)
       DELETE FROM ${this.#schema}.flights WHERE member = $1`,
      [this.#member],
    )
  }
}
