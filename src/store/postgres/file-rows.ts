import type { Baseline } from '../../core/baseline.ts'
import type { FileState, Phase } from '../../core/file-state.ts'
import { decodeBaseline, decodeState, encodeState, encodeUnlisted, phaseNumbers, phaseOf } from '../encoding.ts'
import type { Query, Row } from './database.ts'
import { keyText } from './sql.ts'

/** The key as it is, where its column cannot hold it. */
interface ExactKey {
  readonly exactId?: string
  readonly exactPath?: string
}

/** States of files and baselines of triggers, as rows. Where `query` belongs to a transaction, they are read and written in it. */
export class FileRows {
  readonly #schema: string

  constructor(schema: string) {
    this.#schema = schema
  }

  /** Each (trigger, file id) may be there once. */
  async put(query: Query, states: readonly FileState[], now: number): Promise<void> {
    if (states.length === 0) return
    await query(
      `INSERT INTO ${this.#schema}.files (trigger, file_id, path, phase, touched_at, data)
       SELECT trigger, file_id, path, phase, $6::bigint, data
       FROM unnest($1::text[], $2::text[], $3::text[], $4::smallint[], $5::text[]) AS s (trigger, file_id, path, phase, data)
       ON CONFLICT (trigger, file_id) DO UPDATE
       SET path = excluded.path, phase = excluded.phase, touched_at = excluded.touched_at, data = excluded.data`,
      [
        states.map((state) => keyText(state.trigger)),
        states.map((state) => keyText(state.fileId)),
        states.map((state) => (state.path === null ? null : keyText(state.path))),
        states.map((state) => phaseNumbers[state.phase]),
        states.map(withExactKey),
        now,
      ],
    )
  }

  async forget(query: Query, files: readonly { readonly trigger: string; readonly fileId: string }[]): Promise<void> {
    if (files.length === 0) return
    await query(
      `DELETE FROM ${this.#schema}.files f USING unnest($1::text[], $2::text[]) AS s (trigger, file_id)
       WHERE f.trigger = s.trigger AND f.file_id = s.file_id`,
      [files.map(({ trigger }) => keyText(trigger)), files.map(({ fileId }) => keyText(fileId))],
    )
  }

  async byId(query: Query, trigger: string, fileIds: readonly string[]): Promise<Map<string, FileState>> {
    const states = await this.#find(query, trigger, 'file_id', fileIds)
    return new Map(states.map((state) => [state.fileId, state]))
  }

  async byPath(query: Query, trigger: string, paths: readonly string[]): Promise<FileState[]> {
    const states = await this.#find(query, trigger, 'path', paths)
    return states.toSorted((a, b) => Number(a.phase === 'gone') - Number(b.phase === 'gone'))
  }

  async page(
    query: Query,
    trigger: string,
    phases: readonly Phase[],
    after: string | null,
    limit: number,
  ): Promise<FileState[]> {
    const numbers = phases.map((phase) => phaseNumbers[phase])
    // The words of the partial index let the planner use it where only pending files are asked for.
    const pending = numbers.every((number) => number < phaseNumbers.stalled) ? 'phase < 2 AND' : ''
    const rows = await query(
      `SELECT file_id, path, phase, data FROM ${this.#schema}.files
       WHERE ${pending} trigger = $1 AND file_id > $2 AND phase = ANY ($3::smallint[]) ORDER BY file_id LIMIT $4`,
      [keyText(trigger), keyText(after ?? ''), numbers, limit],
    )
    return rows.map((row) => decode(row, trigger))
  }

  async putBaselines(query: Query, baselines: readonly Baseline[]): Promise<void> {
    for (const baseline of baselines) {
      await query(
        `INSERT INTO ${this.#schema}.baselines (trigger, state, cut_ms, unlisted) VALUES ($1, $2, $3, $4)
         ON CONFLICT (trigger) DO UPDATE SET state = excluded.state, cut_ms = excluded.cut_ms, unlisted = excluded.unlisted`,
        [keyText(baseline.trigger), baseline.state, baseline.cutMs, encodeUnlisted(baseline)],
      )
    }
  }

  async baseline(query: Query, trigger: string): Promise<Baseline | null> {
    const [row] = await query(`SELECT state, cut_ms, unlisted FROM ${this.#schema}.baselines WHERE trigger = $1`, [
      keyText(trigger),
    ])
    return row === undefined || row.state === 'tried' ? null : decodeBaseline(trigger, row)
  }

  /** A first try stands where the baseline will, in the state `tried`. */
  async noteFirstTries(query: Query, triggers: readonly string[], at: number): Promise<Map<string, number>> {
    const baselines = `${this.#schema}.baselines`
    // In order, so that two replicas do not wait for each other.
    const keys = triggers.map(keyText).toSorted()
    await query(
      `INSERT INTO ${baselines} (trigger, state, cut_ms) SELECT key, 'tried', $2::bigint FROM unnest($1::text[]) AS s (key)
       ON CONFLICT DO NOTHING`,
      [keys, at],
    )
    const rows = await query(
      `SELECT trigger, cut_ms FROM ${baselines} WHERE trigger = ANY ($1::text[]) AND state = 'tried'`,
      [keys],
    )
    const noted = new Map(rows.map((row) => [String(row.trigger), Number(row.cut_ms)]))
    return new Map(triggers.map((trigger) => [trigger, noted.get(keyText(trigger)) ?? at]))
  }

  /** Triggers with files, a baseline or a first try, without a walk over all files. */
  async triggers(query: Query): Promise<string[]> {
    const rows = await query(
      `WITH RECURSIVE step (trigger) AS (
         (SELECT trigger FROM ${this.#schema}.files ORDER BY trigger LIMIT 1)
         UNION ALL
         SELECT (SELECT f.trigger FROM ${this.#schema}.files f WHERE f.trigger > step.trigger ORDER BY f.trigger LIMIT 1)
         FROM step WHERE step.trigger IS NOT NULL
       )
       SELECT trigger FROM step WHERE trigger IS NOT NULL UNION SELECT trigger FROM ${this.#schema}.baselines ORDER BY trigger`,
    )
    return rows.map((row) => String(row.trigger))
  }

  async rename(query: Query, from: string, to: string): Promise<void> {
    for (const [table, same] of [
      ['files', 'AND o.file_id = n.file_id'],
      ['baselines', ''],
    ] as const) {
      const names = [keyText(from), keyText(to)]
      const name = `${this.#schema}.${table}`
      await query(`DELETE FROM ${name} n USING ${name} o WHERE o.trigger = $1 AND n.trigger = $2 ${same}`, names)
      await query(`UPDATE ${name} SET trigger = $2 WHERE trigger = $1`, names)
    }
  }

  /** Deletes up to `limit` files that are gone and were last touched before. */
  async pruneGone(query: Query, before: number, limit: number): Promise<number> {
    const rows = await query(
      `DELETE FROM ${this.#schema}.files WHERE (trigger, file_id) IN (
         SELECT trigger, file_id FROM ${this.#schema}.files WHERE phase = 4 AND touched_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED
       ) AND phase = 4 RETURNING 1`,
      [before, limit],
    )
    return rows.length
  }

  async #find(
    query: Query,
    trigger: string,
    column: 'file_id' | 'path',
    values: readonly string[],
  ): Promise<FileState[]> {
    const rows = await query(
      `SELECT file_id, path, phase, data FROM ${this.#schema}.files WHERE trigger = $1 AND ${column} = ANY ($2::text[])`,
      [keyText(trigger), values.map(keyText)],
    )
    return rows.map((row) => decode(row, trigger))
  }
}

function withExactKey(state: FileState): string {
  const { fileId, path } = state
  const exact: ExactKey = {
    ...(keyText(fileId) === fileId ? {} : { exactId: fileId }),
    ...(path === null || keyText(path) === path ? {} : { exactPath: path }),
  }
  const data = encodeState(state)
  if (Object.keys(exact).length === 0) return data
  return JSON.stringify({ ...(JSON.parse(data) as object), ...exact })
}

function decode(row: Row, trigger: string): FileState {
  // What `withExactKey` wrote.
  const { exactId, exactPath, ...data } = JSON.parse(String(row.data)) as ExactKey
  const path = row.path === null ? null : (exactPath ?? String(row.path))
  const columns = { trigger, fileId: exactId ?? String(row.file_id), path, phase: phaseOf(row.phase) }
  return decodeState(columns, data)
}
