import { decodeJob, encodeJob, jobMark, textKey } from '../encoding.ts'
import type { DeliveryJob } from '../store.ts'
import type { Names, Statements } from './statements.ts'

/** Jobs that deliveries started, in the columns `job` and `job_seen` of their rows. */
export class JobRows {
  readonly #statements: Statements
  readonly #names: Names

  constructor(statements: Statements, names: Names) {
    this.#statements = statements
    this.#names = names
  }

  open(target: string, seenBy: number, limit: number): DeliveryJob[] {
    const rows = this.#statements.all(
      `SELECT id, job FROM deliveries INDEXED BY deliveries_jobs
       WHERE target_id = ? AND job_seen IS NOT NULL AND job_seen <= ? ORDER BY job_seen LIMIT ?`,
      this.#names.find(target),
      seenBy,
      limit,
    )
    return rows.flatMap(({ id, job }) => {
      const parsed = decodeJob(job)
      return parsed === null ? [] : [{ delivery: String(id), job: parsed }]
    })
  }

  save({ delivery, job }: DeliveryJob): void {
    this.#statements.run(
      'UPDATE deliveries SET job = ?, job_seen = ? WHERE id_key = ? AND id = ? AND instr(job, ?) > 0',
      ...encodeJob(job),
      textKey(delivery),
      delivery,
      jobMark(job),
    )
  }
}
