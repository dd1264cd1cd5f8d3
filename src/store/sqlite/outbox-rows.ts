import type { ClaimedDelivery, Delivery, Settlement } from '../../core/delivery.ts'
import { type Event, triggerOf } from '../../core/event.ts'
import { deliveryId } from '../../core/ids.ts'
import {
  decodeAnswer,
  decodeEvent,
  decodeJob,
  deliveryStateNumbers,
  deliveryStateOf,
  encodeJob,
  fileKey,
  numberOrNull,
  textKey,
} from '../encoding.ts'
import {
  type Claim,
  type DeliveryFilter,
  freshTargetState,
  type OutboxDepth,
  type OwedEvent,
  type TargetState,
} from '../store.ts'
import type { Names, Row, Statements } from './statements.ts'

const columns = `d.id, t.name AS target, e.data AS event, d.state, d.attempts, d.next_at, d.created_at, d.ended_at, d.reason, d.answer, d.job`
const joined = `deliveries d JOIN events e ON e.seq = d.event_seq JOIN names t ON t.id = d.target_id`

/** Events and deliveries, as rows. */
export class OutboxRows {
  readonly #statements: Statements
  readonly #names: Names
  /** Where the rows of claimed deliveries are, by id. */
  readonly #places = new Map<string, number>()
  /** Targets that are known to have a state. */
  readonly #targets = new Set<string>()

  constructor(statements: Statements, names: Names) {
    this.#statements = statements
    this.#names = names
  }

  /** The event has a row for each time it is owed: where all its deliveries are known, none. */
  owe({ event, targets }: OwedEvent, now: number): void {
    const missing = new Map(targets.map((target) => [deliveryId(event.id, target), target]))
    for (const id of missing.keys()) if (this.#placeOf(id) !== null) missing.delete(id)
    if (missing.size === 0) return
    const added = 'INSERT INTO events (data, deliveries) VALUES (?, ?)'
    const seq = this.#statements.insert(added, JSON.stringify(event), missing.size)
    for (const [id, target] of missing) this.#insert(id, target, event, seq, now)
  }

  claim({ target, limit, now, leaseUntil }: Claim): ClaimedDelivery[] {
    const targetId = this.#names.find(target)
    if (targetId === null) return []
    this.#statements.run(
      'UPDATE deliveries SET lease_until = NULL WHERE target_id = ? AND state = 0 AND lease_until IS NOT NULL AND lease_until <= ?',
      targetId,
      now,
    )
    // Owed anew by a command whose clock is ahead of this process's: the machine slept, or its clock was put forward. It is due now.
    this.#statements.run(
      `UPDATE deliveries INDEXED BY deliveries_oldest SET created_at = ?2, next_at = min(next_at, ?2)
       WHERE target_id = ?1 AND state = 0 AND created_at > ?2 AND attempts = 0 AND lease_until IS NULL`,
      targetId,
      now,
    )
    // SQLite plans a statement anew whenever a bare `LIMIT ?` is bound: that took six times as long as the look itself.
    const due = this.#statements.rows(
      `SELECT d.seq, d.id, d.file_key, d.attempts, d.created_at, d.ended_at, e.data
       FROM deliveries d INDEXED BY deliveries_due JOIN events e ON e.seq = d.event_seq
       WHERE d.target_id = ? AND d.state = 0 AND d.lease_until IS NULL AND d.next_at <= ?
         AND NOT EXISTS (SELECT 1 FROM deliveries f INDEXED BY deliveries_flying
           WHERE f.target_id = d.target_id AND f.file_key = d.file_key AND f.state = 0 AND f.lease_until IS NOT NULL)
       ORDER BY d.next_at, d.seq LIMIT ? + 0`,
      targetId,
      now,
      limit,
    )
    const claimed: ClaimedDelivery[] = []
    const [files, places] = [new Set<number>(), []] as [Set<number>, number[]]
    for (const [seq, givenId, key, attempts, createdAt, endedAt, event] of due) {
      const [place, id, file] = [Number(seq), String(givenId), Number(key)]
      if (files.has(file)) continue
      files.add(file)
      places.push(place)
      this.#places.set(id, place)
      claimed.push({
        id,
        target,
        event: decodeEvent(event),
        attempt: Number(attempts) + 1,
        createdAt: Number(createdAt),
        ...(endedAt === null ? {} : { wasTried: true as const }),
      })
    }
    this.#statements.run(
      'UPDATE deliveries SET lease_until = ?, attempts = attempts + 1 WHERE seq IN (SELECT value FROM json_each(?))',
      leaseUntil,
      JSON.stringify(places),
    )
    return claimed
  }

  releaseClaims(): void {
    this.#statements.run(
      'UPDATE deliveries INDEXED BY deliveries_flying SET lease_until = NULL WHERE state = 0 AND lease_until IS NOT NULL',
    )
  }

  settle(settlement: Settlement): void {
    const { id, at } = settlement
    const answer = settlement.answer === null ? null : JSON.stringify(settlement.answer)
    if (settlement.kind === 'again') {
      this.#updateOwed(
        'lease_until = NULL, attempts = attempts - ?, next_at = ?, ended_at = ?, reason = ?, answer = ?',
        [settlement.countAttempt ? 0 : 1, settlement.nextAt, at, settlement.reason, answer],
        id,
      )
      return
    }
    const reason = settlement.kind === 'dead' ? settlement.reason : null
    const job = settlement.kind === 'dead' ? null : settlement.job
    this.#updateOwed(
      'lease_until = NULL, state = ?, ended_at = ?, reason = ?, answer = ?, job = ?, job_seen = ?',
      [deliveryStateNumbers[settlement.kind], at, reason, answer, ...encodeJob(job)],
      id,
    )
  }

  /** By its place, which a claim has told: an id has to be looked up in an index as large as the outbox. */
  #updateOwed(set: string, values: readonly (string | number | null)[], id: string): void {
    const place = this.#places.get(id)
    this.#places.delete(id)
    const sql = `UPDATE deliveries SET ${set} WHERE seq = ? AND id = ? AND state = 0`
    // The row may have been pruned, and its place given to another.
    if (place !== undefined && this.#statements.run(sql, ...values, place, id) > 0) return
    this.#statements.run(sql, ...values, this.#placeOf(id), id)
  }

  nextDue(target: string): number | null {
    const targetId = this.#names.find(target)
    if (targetId === null) return null
    const row = this.#statements.one(
      `SELECT min(coalesce((SELECT min(next_at) FROM deliveries WHERE target_id = ?1 AND state = 0 AND lease_until IS NULL), 9e15),
                  coalesce((SELECT min(lease_until) FROM deliveries WHERE target_id = ?1 AND state = 0 AND lease_until IS NOT NULL), 9e15)) AS due`,
      targetId,
    )
    const due = Number(row?.due)
    return due >= 9e15 ? null : due
  }

  delivery(id: string): Delivery | null {
    const row = this.#statements.one(`SELECT ${columns} FROM ${joined} WHERE d.seq = ?`, this.#placeOf(id))
    return row === undefined ? null : toDelivery(row)
  }

  list(filter: DeliveryFilter): Delivery[] {
    const newestFirst = filter.newestFirst === true
    const from = newestFirst ? Number.MAX_SAFE_INTEGER : 0
    const after = filter.after === undefined ? from : (this.#placeOf(filter.after) ?? from)
    const wanted: [string, string | number | null][] = []
    if (filter.target !== undefined) wanted.push(['d.target_id = ?', this.#names.find(filter.target)])
    if (filter.trigger !== undefined) wanted.push(['d.trigger_id = ?', this.#names.find(filter.trigger)])
    if (filter.state !== undefined) wanted.push(['d.state = ?', deliveryStateNumbers[filter.state]])
    const where = [newestFirst ? 'd.seq < ?' : 'd.seq > ?', ...wanted.map(([condition]) => condition)].join(' AND ')
    const sql = `SELECT ${columns} FROM ${joined} WHERE ${where} ORDER BY d.seq ${newestFirst ? 'DESC' : ''} LIMIT ?`
    return this.#statements.all(sql, after, ...wanted.map(([, value]) => value), filter.limit).map(toDelivery)
  }

  targetState(target: string): TargetState {
    const row = this.#statements.one(
      'SELECT failing_since, disabled_at FROM target_states WHERE target_id = ?',
      this.#names.find(target),
    )
    return row === undefined
      ? freshTargetState
      : { failingSince: numberOrNull(row.failing_since), disabledAt: numberOrNull(row.disabled_at) }
  }

  saveTargetState(target: string, { failingSince, disabledAt }: TargetState): void {
    this.#statements.run(
      `INSERT INTO target_states (target_id, failing_since, disabled_at) VALUES (?, ?, ?)
       ON CONFLICT (target_id) DO UPDATE SET failing_since = excluded.failing_since, disabled_at = excluded.disabled_at`,
      this.#names.id(target),
      failingSince,
      disabledAt,
    )
  }

  /** The id under which the event of this delivery is owed anew; null where there is no such delivery. */
  rerun(id: string, now: number): string | null {
    const row = this.#statements.one(
      `SELECT t.name AS target, e.seq, e.data FROM ${joined} WHERE d.seq = ?`,
      this.#placeOf(id),
    )
    if (row === undefined) return null
    const [target, event] = [String(row.target), decodeEvent(row.data)]
    let run = 1
    while (this.#placeOf(deliveryId(event.id, target, run)) !== null) run += 1
    const next = deliveryId(event.id, target, run)
    this.#insert(next, target, event, Number(row.seq), now)
    this.#statements.run('UPDATE events SET deliveries = deliveries + 1 WHERE seq = ?', Number(row.seq))
    return next
  }

  replay(id: string, now: number): number {
    return this.#statements.run(
      'UPDATE deliveries SET state = 0, attempts = 0, next_at = ?, created_at = ?, lease_until = NULL WHERE seq = ? AND state IN (1, 2)',
      now,
      now,
      this.#placeOf(id),
    )
  }

  discard(id: string, now: number): number {
    return this.#statements.run(
      'UPDATE deliveries SET state = 3, ended_at = ?, lease_until = NULL WHERE seq = ? AND state IN (0, 2)',
      now,
      this.#placeOf(id),
    )
  }

  /** Counted in indexes of what is owed and of what is dead: some 70 ms for a million. */
  depth(): OutboxDepth[] {
    const rows = this.#statements.all(
      `SELECT t.name AS target,
         (SELECT count(*) FROM deliveries WHERE target_id = s.target_id AND state = 0) AS owed,
         (SELECT count(*) FROM deliveries WHERE target_id = s.target_id AND state = 2) AS dead,
         (SELECT min(created_at) FROM deliveries WHERE target_id = s.target_id AND state = 0) AS oldest
       FROM target_states s JOIN names t ON t.id = s.target_id ORDER BY t.name`,
    )
    return rows.map((row) => ({
      target: String(row.target),
      owed: Number(row.owed),
      dead: Number(row.dead),
      oldestOwedAt: numberOrNull(row.oldest),
    }))
  }

  /** Deletes up to `limit` deliveries that are over since before. */
  prune(before: number, limit: number): number {
    return this.#statements.run(
      'DELETE FROM deliveries WHERE seq IN (SELECT seq FROM deliveries WHERE state IN (1, 3) AND ended_at < ? LIMIT ?)',
      before,
      limit,
    )
  }

  rename(from: string, to: string): void {
    this.#statements.run(
      'UPDATE deliveries SET trigger_id = ? WHERE trigger_id = ?',
      this.#names.id(to),
      this.#names.id(from),
    )
  }

  /** To be called when a transaction is rolled back: a state that was made in it is no more. */
  forget(): void {
    this.#targets.clear()
  }

  /** Who is owed something has a state, so that it is known for good who ever was. */
  #noteTarget(target: string): void {
    if (this.#targets.has(target)) return
    this.#statements.run(
      'INSERT INTO target_states (target_id) VALUES (?) ON CONFLICT DO NOTHING',
      this.#names.id(target),
    )
    this.#targets.add(target)
  }

  #insert(id: string, target: string, event: Event, eventSeq: number, now: number): void {
    this.#noteTarget(target)
    this.#statements.run(
      `INSERT INTO deliveries (id_key, id, target_id, trigger_id, event_seq, file_key, state, attempts, next_at, created_at)
       VALUES (?, ?, ?, ?, ?, ?, 0, 0, ?, ?)`,
      textKey(id),
      id,
      this.#names.id(target),
      this.#names.id(triggerOf(event)),
      eventSeq,
      fileKey(event),
      now,
      now,
    )
  }

  /** Where the row of a delivery is; null = there is none. */
  #placeOf(id: string): number | null {
    const row = this.#statements.one('SELECT seq FROM deliveries WHERE id_key = ? AND id = ?', textKey(id), id)
    return numberOrNull(row?.seq)
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
