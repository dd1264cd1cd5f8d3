import type { ClaimedDelivery, Settlement } from '../../core/delivery.ts'
import { triggerOf } from '../../core/event.ts'
import { deliveryId } from '../../core/ids.ts'
import { decodeEvent, deliveryStateNumbers, encodeJob, fileKey } from '../encoding.ts'
import type { Claim, OwedEvent } from '../store.ts'
import type { Query } from './database.ts'
import { keyText, nowSql } from './sql.ts'

/** Events and deliveries on their way: made, claimed, settled. What is in someone's hands is in `flights`. */
export class OutboxRows {
  readonly #schema: string
  readonly #member: string

  /** `member` names this process among those that claim. */
  constructor(schema: string, member: string) {
    this.#schema = schema
    this.#member = member
  }

  /** `now`: null = the clock of the database. */
  async owe(query: Query, owed: readonly OwedEvent[], now: number | null): Promise<void> {
    const events = owed.filter(({ targets }) => targets.length > 0).map(({ event }) => event)
    if (events.length === 0) return
    await query(
      `INSERT INTO ${this.#schema}.events (id, data) SELECT id, data FROM unnest($1::text[], $2::text[]) AS s (id, data)
       ORDER BY id ON CONFLICT (id) DO NOTHING`,
      [events.map(({ id }) => id), events.map((event) => JSON.stringify(event))],
    )
    const deliveries = owed.flatMap(({ event, targets }) => targets.map((target) => ({ event, target, run: 0 })))
    await this.insert(query, deliveries, now)
  }

  /** Deliveries that are known already stay as they are. */
  async insert(
    query: Query,
    deliveries: readonly { readonly event: OwedEvent['event']; readonly target: string; readonly run: number }[],
    now: number | null,
  ): Promise<void> {
    await query(
      // Each target ever owed to has a row, so that it is counted also when nothing is owed.
      `WITH known AS (
         INSERT INTO ${this.#schema}.targets (name) SELECT DISTINCT name FROM unnest($2::text[]) AS s (name) ORDER BY name
         ON CONFLICT (name) DO NOTHING
       )
       INSERT INTO ${this.#schema}.deliveries (id, target, trigger, event_id, file_key, next_at, created_at)
       SELECT id, target, trigger, event_id, file_key, now, now
       FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[]) WITH ORDINALITY
         AS s (id, target, trigger, event_id, file_key, n), (SELECT ${nowSql(6)} AS now) AS c
       ORDER BY n ON CONFLICT (id) DO NOTHING`,
      [
        deliveries.map(({ event, target, run }) => deliveryId(event.id, target, run)),
        deliveries.map(({ target }) => keyText(target)),
        deliveries.map(({ event }) => keyText(triggerOf(event))),
        deliveries.map(({ event }) => event.id),
        deliveries.map(({ event }) => fileKey(event)),
        now,
      ],
    )
  }

  /**
   * One statement: rows that others are taking are passed over, and two deliveries of one file cannot both fly, for the second finds the first one's
   * flight in its way. Only a living member takes off.
   */
  async claim(query: Query, { target, limit, now, leaseUntil }: Claim, at: number | null): Promise<ClaimedDelivery[]> {
    const rows = await query(
      `WITH clock AS MATERIALIZED (SELECT ${nowSql(5)} AS now),
       due AS (
         SELECT d.seq, d.file_key, d.next_at FROM ${this.#schema}.deliveries d
         WHERE d.target = $1 AND d.state = 0 AND d.next_at <= (SELECT now FROM clock)
           AND NOT EXISTS (SELECT 1 FROM ${this.#schema}.flights f
             WHERE f.target = d.target AND f.file_key = d.file_key AND f.lease_until > (SELECT now FROM clock))
           AND EXISTS (SELECT 1 FROM ${this.#schema}.members m WHERE m.id = $3 AND m.alive_until > (SELECT now FROM clock))
         ORDER BY d.next_at, d.seq LIMIT $2 FOR UPDATE OF d SKIP LOCKED
       ),
       first AS (SELECT DISTINCT ON (file_key) seq, file_key FROM due ORDER BY file_key, next_at, seq),
       flown AS (
         INSERT INTO ${this.#schema}.flights (target, file_key, seq, member, lease_until)
         SELECT $1, file_key, seq, $3, (SELECT now FROM clock) + $4::bigint FROM first ORDER BY file_key
         ON CONFLICT (target, file_key) DO UPDATE
         SET seq = excluded.seq, member = excluded.member, lease_until = excluded.lease_until
         WHERE flights.lease_until <= (SELECT now FROM clock)
         RETURNING seq
       ),
       counted AS (
         UPDATE ${this.#schema}.deliveries d SET attempts = attempts + 1 FROM flown WHERE d.seq = flown.seq
         RETURNING d.seq, d.id, d.attempts, d.created_at, d.ended_at, d.next_at, d.event_id
       )
       SELECT c.id, c.attempts, c.created_at, c.ended_at, e.data FROM counted c JOIN ${this.#schema}.events e ON e.id = c.event_id
       ORDER BY c.next_at, c.seq`,
      [keyText(target), limit, this.#member, leaseUntil - now, at],
    )
    return rows.map((row) => ({
      id: String(row.id),
      target,
      event: decodeEvent(row.data),
      attempt: Number(row.attempts),
      createdAt: Number(row.created_at),
      ...(row.ended_at === null ? {} : { wasTried: true }),
    }))
  }

  /** Frees what this member has claimed of the target beside these deliveries: an answer of `claim` that never came. */
  async release(query: Query, target: string, inHand: readonly string[]): Promise<void> {
    await query(
      `DELETE FROM ${this.#schema}.flights f USING ${this.#schema}.deliveries d
       WHERE f.target = $1 AND f.member = $2 AND d.seq = f.seq AND d.id <> ALL ($3::text[])`,
      [keyText(target), this.#member, inHand],
    )
  }

  /**
   * A word about a delivery that another member has in hand meanwhile is not heard, unless it is that it was delivered; that it is owed again counts only
   * where this member has it in hand, so that what is said twice, for its answer was lost, counts once. Times of the settlements are of
   * the caller's clock; what counts is how far `nextAt` lies behind `at`.
   */
  async settle(query: Query, settlements: readonly Settlement[], at: number | null): Promise<void> {
    if (settlements.length === 0) return
    const jobs = settlements.map((each) => encodeJob(each.kind === 'delivered' ? each.job : null))
    await query(
      `WITH said AS MATERIALIZED (
         SELECT * FROM unnest($1::text[], $2::smallint[], $3::bigint[], $4::bigint[], $5::smallint[], $6::text[], $7::text[], $8::text[], $9::bigint[])
           AS s (id, state, ended_at, delay, taken_back, reason, answer, job, job_seen)
       ),
       landed AS (
         DELETE FROM ${this.#schema}.flights f USING said, ${this.#schema}.deliveries d
         WHERE d.id = said.id AND f.target = d.target AND f.file_key = d.file_key AND f.seq = d.seq AND f.member = $10
         RETURNING f.seq
       )
       UPDATE ${this.#schema}.deliveries d
       SET state = s.state, attempts = d.attempts - s.taken_back,
         next_at = CASE WHEN s.state = 0 THEN ${nowSql(11)} + s.delay ELSE d.next_at END,
         ended_at = s.ended_at, reason = s.reason, answer = s.answer, job = s.job, job_seen = s.job_seen
       FROM said s
       WHERE d.id = s.id AND d.state = 0 AND CASE s.state
         WHEN ${deliveryStateNumbers.delivered} THEN true
         WHEN ${deliveryStateNumbers.owed} THEN d.seq IN (SELECT seq FROM landed)
         ELSE NOT EXISTS (SELECT 1 FROM ${this.#schema}.flights f
           WHERE f.target = d.target AND f.file_key = d.file_key AND f.seq = d.seq AND f.member <> $10) END`,
      [
        settlements.map(({ id }) => id),
        settlements.map(({ kind }) => deliveryStateNumbers[kind === 'again' ? 'owed' : kind]),
        settlements.map((each) => each.at),
        settlements.map((each) => (each.kind === 'again' ? each.nextAt - each.at : 0)),
        settlements.map((each) => (each.kind === 'again' && !each.countAttempt ? 1 : 0)),
        settlements.map((each) => (each.kind === 'delivered' ? null : keyText(each.reason))),
        settlements.map(({ answer }) => (answer === null ? null : JSON.stringify(answer))),
        jobs.map(([job]) => job),
        jobs.map(([, seen]) => seen),
        this.#member,
        at,
      ],
    )
  }

  /**
   * Milliseconds from now until the next one may be claimed, negative where it is due; null = none is owed. One that waits for another of its file comes
   * up when that one's lease ends; whoever settles it first claims anew anyway.
   */
  async dueIn(query: Query, target: string, at: number | null): Promise<number | null> {
    const [row] = await query(
      `SELECT least(
         (SELECT d.next_at FROM ${this.#schema}.deliveries d WHERE d.target = $1 AND d.state = 0 AND NOT EXISTS (
            SELECT 1 FROM ${this.#schema}.flights f WHERE f.target = d.target AND f.file_key = d.file_key)
          ORDER BY d.next_at, d.seq LIMIT 1),
         (SELECT min(f.lease_until) FROM ${this.#schema}.flights f JOIN ${this.#schema}.deliveries d ON d.seq = f.seq
          WHERE f.target = $1 AND d.state = 0)
       ) - ${nowSql(2)} AS due`,
      [keyText(target), at],
    )
    return row?.due === null || row === undefined ? null : Number(row.due)
  }
}
