/*
 * What a provider tells, made fit to rely on: everything behind the source puts names into paths, times into dates, sizes into sums and ids into
 * databases. What cannot be is not told. A provider that is well never says such things; one that is broken, or what stands in for it, may.
 */

/** The last second that a date can have. */
const lastSecond = 8_640_000_000_000

export function toldText(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

/** An id, or any text that databases keep: PostgreSQL has no NUL, and no encoding has half a surrogate pair. */
export function toldId(value: unknown): string | null {
  return typeof value === 'string' && value !== '' && isStorable(value) ? value : null
}

/** A name that a file can have. */
export function toldName(value: unknown): string | null {
  return typeof value === 'string' && isPossibleName(value) ? value : null
}

/** Whether it is a path of names; '' has none. */
export function isPossiblePath(path: string): boolean {
  return path.split('/').every(isPossibleName)
}

/** Bytes. */
export function toldSize(value: unknown): number | null {
  const size = wholeNumber(value)
  return size !== null && size <= Number.MAX_SAFE_INTEGER ? size : null
}

/** Seconds since the epoch. */
export function toldTime(value: unknown): number | null {
  const time = wholeNumber(value)
  return time !== null && time <= lastSecond ? time : null
}

/** A share, 0 to 1. */
export function toldRate(value: unknown): number | null {
  return typeof value === 'number' && value >= 0 && value <= 1 ? value : null
}

/** Number of a change. */
export function toldSequence(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null
}

function wholeNumber(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? Math.floor(value) : null
}

function isPossibleName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !name.includes('/') && isStorable(name)
}

function isStorable(text: string): boolean {
  return !text.includes('\u0000') && text.isWellFormed()
}

/** `/Space/dir/name` as a path inside the space. */
export function withoutSpace(path: string): string {
  return path
    .split('/')
    .filter((segment) => segment !== '')
    .slice(1)
    .join('/')
}
