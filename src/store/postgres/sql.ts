/**
 * Milliseconds since the epoch by the clock of the database, which all replicas share; where parameter `n` is given (tests), that time.
 */
export function nowSql(n: number): string {
  return `coalesce($${n}::bigint, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)`
}

/** PostgreSQL's text holds neither NUL nor half of a surrogate pair; keys that have one are found by what stands in their place. */
export function keyText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD')
}
