import type { Delivery } from '../../core/delivery.ts'
import { deliveryId } from '../../core/ids.ts'
import {
  decodeAnswer,
  decodeEvent,
  decodeJob,
  deliveryStateNumbers,
  deliveryStateOf,
  encodeJob,
  jobMark,
  numberOrNull,
} from '../encoding.ts'
import {
  type DeliveryFilter,
  type DeliveryJob,
  freshTargetState,
  type OutboxDepth,
  type TargetState,
} from '../store.ts'
import type { Query, Row } from './database.ts'
import type { OutboxRows } from './outbox-rows.ts'
import { keyText, nowSql } from './sql.ts'

const columns =
  'd.id, d.target, e.data AS event, d.state, d.attempts, d.next_at, d.created_at, d.ended_at, d.reason, d.answer, d.job'

/** Deliveries, their jobs and their targets as people and followers look at them and change them. */
export class DeliveryRows {
  readonly #schema: string
  readonly #outbox: OutboxRows

  constructor(schema: string, outbox: OutboxRows) {
    this.#schema = schema
    this.#outbox = outbox
  }

  async one(query: Query, id: string): Promise<Delivery | null> {
    const [row] = await query(`SELECT ${columns} FROM ${this.#joined} WHERE d.id = $1`, [id])
    return row === undefined ? null : toDelivery(row)
  }

  async list(query: Query, filter: DeliveryFilter): Promise<Delivery[]> {
    const order = filter.newestFirst === true ? { behind: '<', direction: 'DESC' } : { behind: '>', direction: 'ASC' }
    const values: unknown[] = []
    const conditions: string[] = []
    const want = (condition: string, value: unknown) => {
      values.push(value)
      conditions.push(condition.replace('?', `$${values.length}`))
    }
    if (filter.after !== undefined) {
      want(`d.seq ${order.behind} (SELECT seq FROM ${this.#schema}.deliveries WHERE id = ?)`, filter.after)
    }
    if (filter.target !== undefined) want('d.target = ?', keyText(filter.target))
    if (filter.trigger !== undefined) want('d.trigger = ?', keyText(filter.trigger))
    if (filter.state !== undefined) want('d.state = ?::smallint', deliveryStateNumbers[filter.state])
    values.push(filter.limit)
    const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
    const rows = await query(
      `SELECT ${columns} FROM ${this.#joined} ${where} ORDER BY d.seq ${order.direction} LIMIT $${values.length}`,
      values,
    )
    return rows.map(toDelivery)
  }

  /** Null where there is no such delivery, else the id under which its event is owed anew. */
  async rerun(query: Query, id: string, now: number | null): Promise<string | null> {
    const [row] = await query(`SELECT d.target, e.data FROM ${this.#joined} WHERE d.id = $1 FOR UPDATE OF d`, [id])
    if (row === undefined) return null
    const [target, event] = [String(row.target), decodeEvent(row.data)]
    const runs = await query(`SELECT id FROM ${this.#schema}.deliveries WHERE event_id = $1 AND target = $2`, [
      event.id,
      keyText(target),
    ])
    const known = new Set(runs.map((each) => String(each.id)))
    let run = 1
    while (known.has(deliveryId(event.id, target, run))) run += 1
    await this.#outbox.insert(query, [{ event, target, run }], now)
    return deliveryId(event.id, target, run)
  }

  async replay(query: Query, ids: readonly string[], now: number | null): Promise<number> {
    const rows = await query(
      `UPDATE ${this.#schema}.deliveries d SET state = 0, attempts = 0, next_at = c.now, created_at = c.now
       FROM (SELECT ${nowSql(2)} AS now) AS c WHERE d.id = ANY ($1::text[]) AND d.state IN (1, 2) RETURNING 1`,
      [ids, now],
    )
    return rows.length
  }

  async discard(query: Query, ids: readonly string[], endedAt: number): Promise<number> {
    const rows = await query(
      `UPDATE ${this.#schema}.deliveries SET state = 3, ended_at = $2::bigint
       WHERE id = ANY ($1::text[]) AND state IN (0, 2) RETURNING 1`,
      [ids, endedAt],
    )
    return rows.length
  }

  async depth(query: Query): Promise<OutboxDepth[]> {
    const rows = await query(
      `SELECT t.name, coalesce(o.owed, 0) AS owed, coalesce(g.dead, 0) AS dead, o.oldest FROM ${this.#schema}.targets t
       LEFT JOIN (SELECT target, count(*) AS owed, min(created_at) AS oldest FROM ${this.#schema}.deliveries
         WHERE state = 0 GROUP BY target) o ON o.target = t.name
       LEFT JOIN (SELECT target, count(*) AS dead FROM ${this.#schema}.deliveries
         WHERE state >= 2 AND state = 2 GROUP BY target) g ON g.target = t.name
       ORDER BY t.name`,
    )
    return rows.map((row) => ({
      target: String(row.name),
      owed: Number(row.owed),
      dead: Number(row.dead),
      oldestOwedAt: numberOrNull(row.oldest),
    }))
  }

  async openJobs(query: Query, target: string, seenBy: number, limit: number): Promise<DeliveryJob[]> {
    const rows = await query(
      `SELECT id, job FROM ${this.#schema}.deliveries
       WHERE target = $1 AND job_seen IS NOT NULL AND job_seen <= $2::bigint ORDER BY job_seen LIMIT $3`,
      [keyText(target), seenBy, limit],
    )
    return rows.flatMap(({ id, job }) => {
      const decoded = decodeJob(job)
      return decoded === null ? [] : [{ delivery: String(id), job: decoded }]
    })
  }

  async saveJobs(query: Query, jobs: readonly DeliveryJob[]): Promise<void> {
    const encoded = jobs.map(({ job }) => encodeJob(job))
    await query(
      `UPDATE ${this.#schema}.deliveries d SET job = s.job, job_seen = s.job_seen
       FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[]) AS s (id, job, job_seen, mark)
       WHERE d.id = s.id AND strpos(d.job, s.mark) > 0`,
      [
        jobs.map(({ delivery }) => delivery),
        encoded.map(([job]) => job),
        encoded.map(([, seen]) => seen),
        jobs.map(({ job }) => jobMark(job)),
      ],
    )
  }

  async targetState(query: Query, target: string): Promise<TargetState> {
    const [row] = await query(`SELECT failing_since, disabled_at FROM ${this.#schema}.targets WHERE name = $1`, [
      keyText(target),
    ])
    if (row === undefined) return freshTargetState
    return { failingSince: numberOrNull(row.failing_since), disabledAt: numberOrNull(row.disabled_at) }
  }

  async saveTargetState(query: Query, target: string, { failingSince, disabledAt }: TargetState): Promise<void> {
    await query(
      `INSERT INTO ${this.#schema}.targets (name, failing_since, disabled_at) VALUES ($1, $2::bigint, $3::bigint)
       ON CONFLICT (name) DO UPDATE SET failing_since = excluded.failing_since, disabled_at = excluded.disabled_at`,
      [keyText(target), failingSince, disabledAt],
    )
  }

  async rename(query: Query, from: string, to: string): Promise<void> {
    await query(`UPDATE ${this.#schema}.deliveries SET trigger = $2 WHERE trigger = $1`, [keyText(from), keyText(to)])
  }

  /** Deletes up to `limit` deliveries that are over since before, and their events with the last of them. */
  async prune(query: Query, before: number, limit: number): Promise<number> {
    const rows = await query(
      `DELETE FROM ${this.#schema}.deliveries WHERE seq IN (
         SELECT seq FROM ${this.#schema}.deliveries WHERE state IN (1, 3) AND ended_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED
       ) RETURNING event_id`,
      [before, limit],
    )
    await query(
      `DELETE FROM ${this.#schema}.events e WHERE e.id = ANY ($1::text[])
       AND NOT EXISTS (SELECT 1 FROM ${this.#schema}.deliveries d WHERE d.event_id = e.id)`,
      [[...new Set(rows.map((row) => String(row.event_id)))]],
    )
    return rows.length
  }

  get #joined(): string {
    return `${this.#schema}.deliveries d JOIN ${this.#schema}.events e ON e.id = d.event_id`
  }
}

function toDelivery(row: Row): Delivery {
  return {
    id: String(row.id),
    target: String(row.target),
    event: decodeEvent(row.event),
    state: deliveryStateOf(row.state),
    attempts: Number(row.attempts),
    nextAt: Number(row.next_at),
    createdAt: Number(row.created_at),
    lastAttemptAt: numberOrNull(row.ended_at),
    lastReason: row.reason === null ? null : String(row.reason),
    lastAnswer: decodeAnswer(row.answer),
    job: decodeJob(row.job),
  }
}
