import { firstSeen } from './file-facts.ts'
import type { FileState } from './file-state.ts'
import { type FileSeen, joinPath } from './observation.ts'

/** A marker whose mtime was not told is read this long after it was seen. */
const readAfterMs = 1_000
/** A read that did not tell it either, or could not be made, is repeated after this. */
const readAgainMs = 10_000

/**
 * Takes in what was seen of a marker: kept so that its file finds it, and never fired itself. Its mtime has to be known, for it says whether the
 * marker is older than the file. Gives back the very same state where nothing changed.
 */
export function stepMarker(before: FileState | null, trigger: string, seen: FileSeen, now: number): FileState {
  const base = before ?? firstSeen(trigger, seen, now)
  const path = seen.dir === null || seen.name === null ? base.path : joinPath(seen.dir, seen.name)
  const mtime = seen.facts.mtime ?? base.facts.mtime
  const isSame = before?.isMarker === true && before.path === path && before.facts.mtime === mtime
  if (isSame && before.phase === 'complete' && before.missedScans === 0) return before
  const marker = {
    ...base,
    path,
    dir: seen.dir ?? base.dir,
    facts: { ...base.facts, ...seen.facts },
    lastChangeAt: isSame ? base.lastChangeAt : now,
    vetoSince: null,
    evidence: null,
    isMarker: true,
    missedScans: 0,
  }
  if (mtime !== undefined) return { ...marker, phase: 'complete', wakeAt: null }
  return { ...marker, phase: 'uploading', wakeAt: now + (seen.by === 'read' ? readAgainMs : readAfterMs) }
}

/** The marker could not be read. */
export function waitForMarker(marker: FileState, now: number): FileState {
  return { ...marker, phase: 'uploading', wakeAt: now + readAgainMs }
}
