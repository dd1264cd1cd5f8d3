// What the machine gives at this moment without us: the other half of every ratio.
import { DatabaseSync } from 'node:sqlite'

const perTransaction = 10_000

/** Rows per second of a bare loop of inserts, about as wide as ours and with as many indexes, into a database as durable as ours. */
export function rawInserts(path: string, rows: number, together = perTransaction): number {
  const database = new DatabaseSync(path)
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE rows (a INTEGER NOT NULL, id TEXT NOT NULL, path TEXT NOT NULL, at INTEGER NOT NULL, data TEXT NOT NULL) STRICT;
    CREATE UNIQUE INDEX by_id ON rows (a, id); CREATE INDEX by_path ON rows (a, path)`)
  const insert = database.prepare('INSERT INTO rows VALUES (?, ?, ?, ?, ?)')
  const data = JSON.stringify({ facts: { size: 1_000, mtime: 1_767_225_600 }, filler: 'x'.repeat(150) })
  const began = performance.now()
  for (let from = 0; from < rows; from += together) {
    database.exec('BEGIN IMMEDIATE')
    for (let row = from; row < Math.min(from + together, rows); row++) {
      // Ids come in no order, as a provider's do.
      insert.run(
        1,
        `${Math.imul(row + 1, 0x9e3779b1) >>> 0}-${row}`.padEnd(100, '0'),
        `in/d${row % 1_000}/f${row}`,
        row,
        data,
      )
    }
    database.exec('COMMIT')
  }
  const perSecond = (rows / (performance.now() - began)) * 1_000
  database.close()
  return perSecond
}
