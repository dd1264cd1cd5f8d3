/**
 * Where a process can be told to die. `commit` is each transaction of the store, `owing` each of those that make deliveries owed, with states and cursor,
 * `request` each delivery, `listing` each listing of the provider (the first one and every reconcile), `migration` an upgrade of the schema that comes with
 * this start, `thread` each delivery whose request is made by the thread that makes them while they are many.
 */
export const points = [
  'transaction:begun',
  'commit:before',
  'commit:after',
  'commit:halved',
  'owing:before',
  'owing:after',
  'request:leaving',
  'request:sent',
  'request:answered',
  'thread:leaving',
  'thread:sent',
  'thread:answered',
  'listing:asked',
  'listing:answered',
  'migration:begun',
  'migration:copied',
  'migration:changed',
  'migration:done',
] as const

export type Point = (typeof points)[number]

/** Told by a store that writes a commit in two halves, between them (split-commit.ts). A whole one has no such point. */
export const halvedChannel = 'onetrigger-crash:commit-halved'

/** Passed when nothing but the outbox is worked off, as fast as it goes (rush.ts). PostgreSQL needs no transaction of several statements for that. */
export function pointsOfRush(store: 'sqlite' | 'postgres'): readonly Point[] {
  const ofSqlite: readonly Point[] = store === 'sqlite' ? ['transaction:begun'] : []
  return ['thread:leaving', 'thread:sent', 'thread:answered', 'commit:before', 'commit:after', ...ofSqlite]
}

/** Passed while people work. PostgreSQL has no copy of its own before an upgrade. */
export function pointsOf(store: 'sqlite' | 'postgres'): readonly Point[] {
  const missing: readonly Point[] = store === 'sqlite' ? ['commit:halved'] : ['commit:halved', 'migration:copied']
  return points.filter((point) => !point.startsWith('thread:') && !missing.includes(point))
}

/** What one process is told: to die when it comes by this point for the so-manieth time. */
export interface Aim {
  readonly point: Point
  readonly passage: number
  readonly store: 'sqlite' | 'postgres'
  /** Number of the schema that the next release brings, for points of a migration. */
  readonly nextVersion: number
}

/** The variable that carries an aim, as JSON. */
export const aimVariable = 'DIE_AT'
/** Where deliveries go: how their requests are told from those to the provider. */
export const hookPath = '/hook'
