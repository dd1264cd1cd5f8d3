import type { FileState } from './file-state.ts'
import { baseName, dirName, type FileFacts, type FileSeen, joinPath } from './observation.ts'

/** A file that nothing was known of, before anything is decided about it. */
export function firstSeen(trigger: string, seen: FileSeen, now: number): FileState {
  const path = seen.dir === null || seen.name === null ? null : joinPath(seen.dir, seen.name)
  return {
    trigger,
    fileId: seen.fileId,
    path,
    dir: seen.dir,
    phase: 'uploading',
    facts: seen.facts,
    firstSeenAt: now,
    lastChangeAt: now,
    wakeAt: null,
    renamedFromTemporaryAt: null,
    vetoSince: null,
    decided: [],
    evidence: null,
    isMarker: false,
    missedScans: 0,
  }
}

/** Takes in what a stream or listing told: keys that it left out keep their values, and so does everything a lagging provider tells. */
export function mergeSeen(state: FileState, seen: FileSeen): FileState {
  const facts = isBehind(seen.facts, state.facts) ? withoutContent(seen.facts) : seen.facts
  return { ...state, ...placeOf(state, seen), facts: { ...state.facts, ...facts } }
}

/** Takes in a fresh read: its word on content counts as it stands, and an attribute that it does not tell is not there. */
export function mergeRead(state: FileState, seen: FileSeen, needsXattrs: boolean): FileState {
  const { cdmiProcessing: _stale, ...known } = state.facts
  const xattrs = needsXattrs ? { xattrs: {} } : {}
  return { ...state, ...placeOf(state, seen), facts: { ...known, ...xattrs, ...seen.facts } }
}

/** What of interest differs: `content` = size or mtime, `name` = only its path. */
export function compareFiles(before: FileState, after: FileState): 'none' | 'name' | 'content' {
  if (before.facts.size !== after.facts.size || before.facts.mtime !== after.facts.mtime) return 'content'
  return before.path === after.path ? 'none' : 'name'
}

/** Size or mtime was never told: one look at the file is no comparison. */
export function hasGaps(facts: FileFacts): boolean {
  return facts.size === undefined || facts.mtime === undefined
}

export function areSameFacts(a: FileFacts, b: FileFacts): boolean {
  return (
    a.size === b.size &&
    a.mtime === b.mtime &&
    a.ctime === b.ctime &&
    a.localRate === b.localRate &&
    a.atOrigin === b.atOrigin &&
    a.cdmiProcessing === b.cdmiProcessing &&
    a.heldElsewhere === b.heldElsewhere &&
    areSameXattrs(a.xattrs, b.xattrs)
  )
}

export function areSameXattrs(a: FileFacts['xattrs'], b: FileFacts['xattrs']): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}

/**
 * Whether a provider that lags behind tells of an older state: an mtime below the known one. Setting mtime back looks the same, but it
 * moves ctime beyond all that was known before. Where ctime is not told, another size is a change all the same.
 */
function isBehind(seen: FileFacts, known: FileFacts): boolean {
  if (seen.mtime === undefined || known.mtime === undefined || seen.mtime >= known.mtime) return false
  if (seen.ctime !== undefined) return seen.ctime <= Math.max(known.mtime, known.ctime ?? 0)
  return seen.size === undefined || seen.size === known.size
}

function withoutContent({
  size: _size,
  mtime: _mtime,
  ctime: _ctime,
  localRate: _rate,
  ...rest
}: FileFacts): FileFacts {
  return rest
}

/** Where the file is now; what was not told stays. */
function placeOf(state: FileState, { dir, name }: FileSeen): Pick<FileState, 'dir' | 'path'> {
  const nextDir = dir ?? (state.path === null ? state.dir : dirName(state.path))
  const nextName = name ?? (state.path === null ? null : baseName(state.path))
  return { dir: nextDir, path: nextDir === null || nextName === null ? null : joinPath(nextDir, nextName) }
}
