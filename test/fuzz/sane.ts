import type { FileFacts, Observation } from '../../src/core/observation.ts'

/** Throws where an observation tells what cannot be: everything behind the source relies on it. */
export function expectSane(observation: Observation): void {
  if (observation.fileId === '') throw new Error('an observation of a file without an id')
  if (!isText(observation.fileId))
    throw new Error(`an id that no store can keep: ${JSON.stringify(observation.fileId)}`)
  if (observation.kind !== 'file') return
  const { dir, name, facts } = observation
  if (name !== null && !isName(name)) throw new Error(`a name that no file can have: ${JSON.stringify(name)}`)
  if (dir !== null && dir !== '' && !dir.split('/').every(isName))
    throw new Error(`a folder that cannot be: ${JSON.stringify(dir)}`)
  expectSaneFacts(facts)
}

function expectSaneFacts({ size, mtime, ctime, localRate, xattrs }: FileFacts): void {
  if (size !== undefined && !(Number.isSafeInteger(size) && size >= 0)) throw new Error(`a size of ${size}`)
  for (const time of [mtime, ctime]) {
    if (time === undefined) continue
    if (!Number.isSafeInteger(time)) throw new Error(`a time of ${time}`)
    // Throws where no date has this time.
    new Date(time * 1_000).toISOString()
  }
  if (localRate !== undefined && !(localRate >= 0 && localRate <= 1)) throw new Error(`a rate of ${localRate}`)
  // Throws where it is too deep; a store keeps it, and every event of the file asks it.
  const length = JSON.stringify(xattrs ?? null).length
  if (length > 100_000) throw new Error(`extended attributes of ${length} characters are kept`)
}

function isName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !name.includes('/') && isText(name)
}

function isText(text: string): boolean {
  return text.isWellFormed() && !text.includes('\u0000')
}
