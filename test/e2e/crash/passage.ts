import type { Point } from './points.ts'

/** How statements of a store are told apart. */
export interface Words {
  readonly begins: string
  readonly commits: (sql: string) => boolean
  /** Makes the table that the next release brings. */
  readonly upgrades: (sql: string) => boolean
}

/** Points that the statements of one connection pass, each before and after it is executed. */
export class Passage {
  readonly #words: Words
  #hasUpgraded = false
  /** The transaction under way has made deliveries owed. */
  #isOwing = false

  constructor(words: Words) {
    this.#words = words
  }

  before(sql: string): readonly Point[] {
    const ends: readonly Point[] = this.#words.commits(sql) ? ['commit:before'] : []
    const begun: readonly Point[] = this.#words.upgrades(sql) ? ['migration:begun'] : []
    return [...begun, ...ends, ...this.#owing(sql, 'owing:before')]
  }

  after(sql: string): readonly Point[] {
    const owing = this.#owing(sql, 'owing:after')
    const isDone = sql === 'COMMIT' && this.#hasUpgraded
    this.#hasUpgraded ||= this.#words.upgrades(sql)
    this.#isOwing = !isEnd(sql) && (this.#isOwing || /INSERT INTO (?:\w+\.)?deliveries\b/.test(sql))
    if (sql === this.#words.begins) return ['transaction:begun']
    if (sql === 'VACUUM INTO ?') return ['migration:copied']
    if (this.#words.upgrades(sql)) return ['migration:changed']
    const ends: readonly Point[] = this.#words.commits(sql) ? ['commit:after'] : []
    return [...ends, ...owing, ...(isDone ? (['migration:done'] as const) : [])]
  }

  #owing(sql: string, point: Point): readonly Point[] {
    return sql === 'COMMIT' && this.#isOwing ? [point] : []
  }
}

function isEnd(sql: string): boolean {
  return sql === 'COMMIT' || sql === 'ROLLBACK'
}
