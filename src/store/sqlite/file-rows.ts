import type { SQLOutputValue } from 'node:sqlite'
import type { Baseline } from '../../core/baseline.ts'
import type { FileState, Phase } from '../../core/file-state.ts'
import {
  decodeBaseline,
  decodeState,
  encodeState,
  encodeUnlisted,
  phaseNumbers,
  phaseOf,
  textKey,
} from '../encoding.ts'
import type { Names, Statements } from './statements.ts'

/** One look-up holds at most this many parameters. */
const mostParameters = 500

/** States of files and baselines of triggers, as rows. */
export class FileRows {
  readonly #statements: Statements
  readonly #names: Names

  constructor(statements: Statements, names: Names) {
    this.#statements = statements
    this.#names = names
  }

  put(state: FileState, now: number): void {
    const { trigger, fileId, path, phase } = state
    const [id, key] = [this.#names.id(trigger), textKey(fileId)]
    const rest = [phaseNumbers[phase], now, encodeState(state)]
    const known = this.#statements.one(
      'SELECT rowid, path FROM files WHERE trigger_id = ? AND id_key = ? AND file_id = ?',
      id,
      key,
      fileId,
    )
    if (known === undefined) {
      const added =
        'INSERT INTO files (phase, touched_at, data, trigger_id, id_key, file_id, path) VALUES (?, ?, ?, ?, ?, ?, ?)'
      this.#statements.run(added, ...rest, id, key, fileId, path)
      return
    }
    const changed = 'UPDATE files SET phase = ?, touched_at = ?, data = ?'
    // A column that is named is written anew in its index, whether it changes or not.
    if (known.path === path) this.#statements.run(`${changed} WHERE rowid = ?`, ...rest, known.rowid ?? null)
    else this.#statements.run(`${changed}, path = ? WHERE rowid = ?`, ...rest, path, known.rowid ?? null)
  }

  forget(trigger: string, fileId: string): void {
    this.#statements.run(
      'DELETE FROM files WHERE trigger_id = ? AND id_key = ? AND file_id = ?',
      this.#names.id(trigger),
      textKey(fileId),
      fileId,
    )
  }

  byId(trigger: string, fileIds: readonly string[]): Map<string, FileState> {
    const wanted = new Set(fileIds)
    const found = this.#find(trigger, 'id_key', fileIds.map(textKey)).filter(({ fileId }) => wanted.has(fileId))
    return new Map(found.map((state) => [state.fileId, state]))
  }

  byPath(trigger: string, paths: readonly string[]): FileState[] {
    const states = this.#find(trigger, 'path', paths)
    return states.toSorted((a, b) => Number(a.phase === 'gone') - Number(b.phase === 'gone'))
  }

  page(trigger: string, phases: readonly Phase[], after: string | null, limit: number): FileState[] {
    const id = this.#names.find(trigger)
    if (id === null) return []
    const numbers = phases.map((phase) => phaseNumbers[phase])
    // The words of the partial index let the planner use it where only pending files are asked for.
    const pending = numbers.every((number) => number < phaseNumbers.stalled) ? 'phase < 2 AND ' : ''
    const marks = numbers.map(() => '?').join(', ')
    const sql = `SELECT file_id, path, phase, data FROM files
       WHERE ${pending}trigger_id = ? AND (id_key, file_id) > (?, ?) AND phase IN (${marks}) ORDER BY id_key, file_id LIMIT ?`
    const from = after === null ? [-1, ''] : [textKey(after), after]
    return this.#statements.rows(sql, id, ...from, ...numbers, limit).map((row) => decode(row, trigger))
  }

  putBaseline(baseline: Baseline): void {
    this.#statements.run(
      `INSERT INTO baselines (trigger_id, state, cut_ms, unlisted) VALUES (?, ?, ?, ?)
       ON CONFLICT (trigger_id) DO UPDATE SET state = excluded.state, cut_ms = excluded.cut_ms, unlisted = excluded.unlisted`,
      this.#names.id(baseline.trigger),
      baseline.state,
      baseline.cutMs,
      encodeUnlisted(baseline),
    )
  }

  baseline(trigger: string): Baseline | null {
    const row = this.#statements.one(
      'SELECT state, cut_ms, unlisted FROM baselines WHERE trigger_id = ?',
      this.#names.find(trigger),
    )
    return row === undefined || row.state === 'tried' ? null : decodeBaseline(trigger, row)
  }

  /** A first try stands where the baseline will, in the state `tried`. */
  noteFirstTry(trigger: string, at: number): number {
    const id = this.#names.id(trigger)
    this.#statements.run(
      "INSERT INTO baselines (trigger_id, state, cut_ms) VALUES (?, 'tried', ?) ON CONFLICT DO NOTHING",
      id,
      at,
    )
    const row = this.#statements.one("SELECT cut_ms FROM baselines WHERE trigger_id = ? AND state = 'tried'", id)
    return row === undefined ? at : Number(row.cut_ms)
  }

  /** Triggers with files, a baseline or a first try. */
  triggers(): string[] {
    const rows = this.#statements.all(
      `SELECT name FROM names WHERE EXISTS (SELECT 1 FROM files WHERE trigger_id = names.id)
       OR EXISTS (SELECT 1 FROM baselines WHERE trigger_id = names.id) ORDER BY name`,
    )
    return rows.map((row) => String(row.name))
  }

  /** What was known under the new name of the same files gives way. */
  rename(from: string, to: string): void {
    const [old, next] = [this.#names.id(from), this.#names.id(to)]
    this.#statements.run(
      `DELETE FROM files WHERE trigger_id = ? AND EXISTS (
         SELECT 1 FROM files AS f WHERE f.trigger_id = ? AND f.id_key = files.id_key AND f.file_id = files.file_id)`,
      next,
      old,
    )
    this.#statements.run('UPDATE files SET trigger_id = ? WHERE trigger_id = ?', next, old)
    this.#statements.run('UPDATE OR REPLACE baselines SET trigger_id = ? WHERE trigger_id = ?', next, old)
  }

  /** Deletes up to `limit` files that are gone and were last touched before. */
  pruneGone(before: number, limit: number): number {
    return this.#statements.run(
      'DELETE FROM files WHERE rowid IN (SELECT rowid FROM files WHERE phase = 4 AND touched_at < ? LIMIT ?)',
      before,
      limit,
    )
  }

  #find(trigger: string, column: 'id_key' | 'path', values: readonly (string | number)[]): FileState[] {
    const id = this.#names.find(trigger)
    if (id === null) return []
    const found: FileState[] = []
    for (let start = 0; start < values.length; start += mostParameters) {
      const part = values.slice(start, start + mostParameters)
      const marks = part.map(() => '?').join(', ')
      const sql = `SELECT file_id, path, phase, data FROM files WHERE trigger_id = ? AND ${column} IN (${marks})`
      for (const row of this.#statements.rows(sql, id, ...part)) found.push(decode(row, trigger))
    }
    return found
  }
}

/** A row of `file_id, path, phase, data`. */
function decode([fileId, givenPath, phase, data]: readonly SQLOutputValue[], trigger: string): FileState {
  const path = givenPath === null ? null : String(givenPath)
  return decodeState({ trigger, fileId: String(fileId), path, phase: phaseOf(phase) }, JSON.parse(String(data)))
}
