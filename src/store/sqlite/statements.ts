import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite'

export type Row = Record<string, SQLOutputValue>

/** Prepares each statement once. */
export class Statements {
  readonly #database: DatabaseSync
  readonly #prepared = new Map<string, StatementSync>()

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  /** Number of rows that changed. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#statement(sql).run(...values).changes)
  }

  one(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#statement(sql).get(...values)
  }

  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#statement(sql).all(...values)
  }

  #statement(sql: string): StatementSync {
    const known = this.#prepared.get(sql)
    if (known !== undefined) return known
    const statement = this.#database.prepare(sql)
    this.#prepared.set(sql, statement)
    return statement
  }
}

/** Triggers and targets are told apart by small numbers in the rows. */
export class Names {
  readonly #database: DatabaseSync
  readonly #statements: Statements
  readonly #ids = new Map<string, number>()

  constructor(database: DatabaseSync, statements: Statements) {
    this.#database = database
    this.#statements = statements
  }

  /** The name's number; it gets one when it has none. */
  id(name: string): number {
    const known = this.find(name)
    if (known !== null) return known
    this.#statements.run('INSERT INTO names (name) VALUES (?)', name)
    return Number(this.#statements.one('SELECT id FROM names WHERE name = ?', name)?.id)
  }

  /** The name's number, or null: nothing is stored under it. */
  find(name: string): number | null {
    const known = this.#ids.get(name)
    if (known !== undefined) return known
    const row = this.#statements.one('SELECT id FROM names WHERE name = ?', name)
    if (row === undefined) return null
    // A number given in a transaction that is still open may be taken back.
    if (!this.#database.isTransaction) this.#ids.set(name, Number(row.id))
    return Number(row.id)
  }
}
