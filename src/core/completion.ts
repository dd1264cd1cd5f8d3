import type { Evidence, Rung } from './event.ts'
import type { FileState } from './file-state.ts'
import type { FileFacts, FileSeen } from './observation.ts'
import type { Trigger } from './trigger.ts'

/*
 *            seen                    quiet long enough          fresh read: the same as before
 *   (none) ─────────▶ uploading ─────────────────▶ settling ──────────────────────────▶ complete
 *                      ▲  ▲  ▲                        │                                     │
 *                      │  │  └──── read: changed ─────┘                                     │
 *                      │  └──────────── size, mtime or name changed ────────────────────────┤
 *                      └──── grows again ──── stalled ◀── evidence lacking for stalledAfter │
 *                                                                                           ▼
 *   anything ── deleted, or missing in two listings ──▶ gone ── seen again ──▶ uploading (or complete, if decided before)
 *
 * Pure: what is observed and what time it is come in, the next state and what is to be done come out. Nothing fires without a fresh read
 * after the quiet period, or after higher evidence.
 */

/** With evidence better than time, this long after the last change is enough: size and mtime of one write may come a moment apart. */
const shortSettleMs = 2_000
/** A vetoed file is looked at again this often. */
const vetoRecheckMs = 60_000
const longestRetryMs = 60_000
const shortestRetryMs = 1_000
/** A change this soon after firing means that it fired too early. */
const prematureWithinMs = 60_000

/** What a step may know besides the file's own state. */
export interface Situation {
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly trigger: Pick<Trigger, 'completion' | 'revisions'>
  /** The name the file has now is a temporary one. */
  readonly temporary: boolean
  /** The file's marker, where the trigger asks for one and there is one; mtime in seconds, null = not told yet. */
  readonly marker: { readonly mtime: number | null } | null
}

/** What is to be done after a step. */
export type Action =
  | { readonly kind: 'none' }
  /** Look at the file afresh, then call `confirm`. */
  | { readonly kind: 'read'; readonly distribution: boolean }
  /** This revision is complete: one event. */
  | { readonly kind: 'fire'; readonly evidence: Evidence; readonly size: number; readonly mtime: number }
  /** It stopped growing without its evidence: an event of another kind. */
  | { readonly kind: 'stall'; readonly evidence: Evidence; readonly size: number; readonly mtime: number }

export interface Step {
  readonly state: FileState
  readonly action: Action
  /** The change came so soon after firing that the file had not been complete. */
  readonly premature: boolean
}

const nothing: Action = { kind: 'none' }

/** A file that was not known. */
export function newFile(trigger: string, seen: FileSeen, now: number): FileState {
  return {
    trigger,
    fileId: seen.fileId,
    path: seen.dir === null || seen.name === null ? null : pathOf(seen.dir, seen.name),
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

/** A file that was there before the trigger: known, and never fired as it is. */
export function knownFile(trigger: string, seen: FileSeen, now: number): FileState {
  const { size = 0, mtime = 0 } = seen.facts
  const evidence = {
    rung: 'baseline',
    because: 'it was there before the watch began',
    quietMs: 0,
    lastChangeAt: now,
  } as const
  return {
    ...newFile(trigger, seen, now),
    phase: 'complete',
    decided: [{ size, mtime, eventId: null, at: now }],
    evidence,
  }
}

/** Takes in what was seen of a known file; gives back the very same state where nothing of interest changed. */
export function observe(state: FileState, seen: FileSeen, wasTemporary: boolean, situation: Situation): Step {
  const merged = merge(state, seen)
  const change = compare(state, merged)
  const isBack = state.phase === 'gone'
  if (change === 'none' && !isBack) {
    const recheck = state.facts.ctime !== merged.facts.ctime && needsXattrs(situation) && isOpen(state)
    const wakeAt = recheck ? Math.min(state.wakeAt ?? Number.POSITIVE_INFINITY, situation.now) : state.wakeAt
    return step(sameContent(state, { ...merged, wakeAt, missedScans: 0 }))
  }
  const renamedFromTemporaryAt =
    change === 'content' ? null : wasTemporary && !situation.temporary ? situation.now : merged.renamedFromTemporaryAt
  const moved = { ...merged, renamedFromTemporaryAt, missedScans: 0 }
  if (change === 'name' && state.phase === 'complete') return step(moved)
  if (isDecided(moved)) return step({ ...moved, phase: 'complete', wakeAt: null })
  return { state: restart(moved, situation), action: nothing, premature: isPremature(state, change, situation.now) }
}

/** Asks whether it is time: gives `read` when the state is due, else sets when it will be. */
export function wake(state: FileState, situation: Situation): Step {
  if (!isOpen(state)) return step({ ...state, wakeAt: null })
  if (state.lastChangeAt > situation.now) return step(restart(state, situation))
  const wakeAt = dueAt(state, situation)
  if (wakeAt === null || wakeAt > situation.now) return step({ ...state, wakeAt })
  const vetoOver = state.vetoSince !== null && situation.now - state.vetoSince >= situation.trigger.completion.vetoForMs
  const phase = state.phase === 'stalled' ? state.phase : 'settling'
  return step({ ...state, phase, wakeAt: null }, { kind: 'read', distribution: vetoOver })
}

/** The fresh read could not be made: the file's fate is open, it is asked again, at longer and longer intervals. */
export function unreadable(state: FileState, situation: Situation): Step {
  const waited = situation.now - state.lastChangeAt - situation.trigger.completion.stableForMs
  const delay = Math.min(Math.max(waited / 2, shortestRetryMs), longestRetryMs)
  return step({ ...state, wakeAt: situation.now + Math.round(delay) })
}

/** The file is not there any more. What was decided is kept: it may come back. */
export function vanish(state: FileState): FileState {
  return { ...state, phase: 'gone', wakeAt: null, vetoSince: null, missedScans: 0 }
}

/** Takes in the fresh read, and decides. */
export function confirm(state: FileState, seen: FileSeen, situation: Situation): Step {
  const merged = { ...merge(state, seen), missedScans: 0 }
  if (compare(state, merged) === 'content' || hasGaps(state.facts)) {
    if (isDecided(merged)) return step({ ...merged, phase: 'complete', wakeAt: null })
    return step(restart(merged, situation))
  }
  if (isDecided(merged)) return step({ ...merged, phase: 'complete', wakeAt: null })
  if (situation.temporary) return step({ ...merged, phase: 'uploading', wakeAt: null })
  return decide(merged, situation)
}

function decide(state: FileState, situation: Situation): Step {
  const { completion, revisions } = situation.trigger
  const { now } = situation
  const lack = missingEvidence(state, situation)
  if (lack !== null) return waitForEvidence(state, lack, situation)
  const veto = standingVeto(state, situation)
  if (veto !== null) return waitForVeto(state, veto, situation)
  const rung = decidingRung(state, situation)
  const since = rung === 'quiet' || rung === 'empty' ? quietFor(state, situation) : shortSettleMs
  if (now - state.lastChangeAt < since)
    return step({ ...state, phase: 'uploading', wakeAt: state.lastChangeAt + since })
  const silent =
    (rung === 'empty' && completion.emptyFiles === 'ignore') ||
    (revisions === 'once' && state.decided.some((revision) => revision.eventId !== null))
  const evidence = evidenceOf(rung, reasons[rung], state, situation)
  const { size = 0, mtime = 0 } = state.facts
  const complete = { ...state, phase: 'complete', wakeAt: null, vetoSince: null, evidence } as const
  if (silent) return step({ ...complete, decided: [...state.decided, { size, mtime, eventId: null, at: now }] })
  return step(complete, { kind: 'fire', evidence, size, mtime })
}

/** Sentences for `evidence.because`. */
const reasons: Readonly<Record<Rung, string>> = {
  marker: 'its marker is there and not older than the file',
  xattr: 'its extended attribute says that it is complete',
  declared: 'its size is what the uploader declared',
  rename: 'it was renamed from a temporary name',
  quiet: 'size and mtime did not change for the quiet period, and a fresh read confirmed them',
  empty: 'it stayed empty',
  stalled: 'it stopped growing without being complete',
  baseline: 'it was there before the watch began',
}

/** The first piece of evidence that is asked for and not there; null = nothing lacks. */
function missingEvidence(state: FileState, { trigger: { completion }, marker }: Situation): string | null {
  const { size, mtime = 0, xattrs = {} } = state.facts
  if (completion.marker !== null && (marker === null || marker.mtime === null || marker.mtime < mtime)) {
    return 'its marker is not there, or older than the file'
  }
  if (completion.xattr !== null) {
    const value = xattrs[completion.xattr.key] ?? null
    const expected = completion.xattr.value
    if (value === null || (expected !== null && asText(value) !== expected))
      return 'its completion attribute is not set'
  }
  if (completion.declaredSize !== null) {
    const declared = xattrs[completion.declaredSize] ?? null
    if (declared === null) return 'its size is not declared'
    if (asText(declared) !== String(size)) return `its declared size is ${asText(declared)}`
  }
  return null
}

function waitForEvidence(state: FileState, lack: string, situation: Situation): Step {
  const stalledAt = state.lastChangeAt + situation.trigger.completion.stalledAfterMs
  if (situation.now < stalledAt) return step({ ...state, phase: 'uploading', wakeAt: stalledAt })
  return stall(state, lack, situation)
}

function stall(state: FileState, lack: string, situation: Situation): Step {
  const { size = 0, mtime = 0 } = state.facts
  const evidence = evidenceOf('stalled', lack, state, situation)
  const known = state.phase === 'stalled' || state.evidence?.rung === 'stalled'
  const stalled = { ...state, phase: 'stalled', wakeAt: null, vetoSince: null, evidence } as const
  return step(stalled, known ? nothing : { kind: 'stall', evidence, size, mtime })
}

/** What forbids firing now; null = nothing does. */
function standingVeto(state: FileState, { trigger: { completion }, now }: Situation): 'holes' | 'cdmi' | null {
  const { localRate = 1, atOrigin = true, heldElsewhere, cdmiProcessing } = state.facts
  if (cdmiProcessing === true) return 'cdmi'
  if (completion.holes === 'ignore' || localRate >= 1 || !atOrigin || (state.facts.size ?? 0) === 0) return null
  const over = state.vetoSince !== null && now - state.vetoSince >= completion.vetoForMs
  return over && heldElsewhere === true ? null : 'holes'
}

function waitForVeto(state: FileState, veto: 'holes' | 'cdmi', situation: Situation): Step {
  const { now, trigger } = situation
  const vetoSince = state.vetoSince ?? now
  const endsAt = vetoSince + trigger.completion.vetoForMs
  const asked = veto === 'cdmi' || state.facts.heldElsewhere !== undefined
  if (now >= endsAt && asked) {
    const lack =
      veto === 'cdmi' ? 'CDMI says that its upload is under way' : 'bytes are missing, and no provider has them'
    return stall({ ...state, vetoSince }, lack, situation)
  }
  const wakeAt = now >= endsAt ? now + shortestRetryMs : Math.min(now + vetoRecheckMs, endsAt)
  return step({ ...state, phase: 'uploading', vetoSince, wakeAt })
}

function decidingRung(state: FileState, { trigger: { completion } }: Situation): Rung {
  if (completion.marker !== null) return 'marker'
  if (completion.xattr !== null) return 'xattr'
  if (completion.declaredSize !== null) return 'declared'
  if (state.facts.size === 0) return 'empty'
  return state.renamedFromTemporaryAt === null ? 'quiet' : 'rename'
}

/** How long the file must have been quiet where nothing better than time speaks for it. */
function quietFor(state: FileState, { trigger: { completion } }: Situation): number {
  const holdsEmpty = state.facts.size === 0 && completion.emptyFiles === 'hold'
  return holdsEmpty ? Math.max(completion.stalledAfterMs, completion.stableForMs) : completion.stableForMs
}

/** When the state is to be read; null = only when something is observed. */
function dueAt(state: FileState, situation: Situation): number | null {
  if (situation.temporary) return null
  if (state.wakeAt !== null && state.phase === 'settling') return state.wakeAt
  const { completion } = situation.trigger
  const asksForEvidence = completion.marker !== null || needsXattrs(situation)
  if (!asksForEvidence) {
    const quick = state.renamedFromTemporaryAt !== null && state.facts.size !== 0
    return laterOf(state, quick ? state.lastChangeAt + shortSettleMs : state.lastChangeAt + quietFor(state, situation))
  }
  if (missingEvidence(state, situation) === null) return laterOf(state, state.lastChangeAt + shortSettleMs)
  if (state.phase === 'stalled') return state.wakeAt
  if (state.wakeAt !== null) return state.wakeAt
  return state.lastChangeAt + (needsXattrs(situation) ? completion.stableForMs : completion.stalledAfterMs)
}

/** A veto's next look is not brought forward by a quiet period that is over long since. */
function laterOf(state: FileState, due: number): number {
  return state.vetoSince !== null && state.wakeAt !== null ? Math.max(state.wakeAt, due) : due
}

/** The quiet period begins anew. */
function restart(state: FileState, situation: Situation): FileState {
  const { heldElsewhere: _stale, ...facts } = state.facts
  const fresh: FileState = {
    ...state,
    facts,
    phase: 'uploading',
    lastChangeAt: situation.now,
    wakeAt: null,
    vetoSince: null,
    evidence: null,
  }
  return { ...fresh, wakeAt: dueAt(fresh, situation) }
}

/** uploading, settling and stalled files are still open. */
function isOpen(state: FileState): boolean {
  return state.phase === 'uploading' || state.phase === 'settling' || state.phase === 'stalled'
}

function needsXattrs({ trigger: { completion } }: Situation): boolean {
  return completion.xattr !== null || completion.declaredSize !== null
}

function merge(state: FileState, seen: FileSeen): FileState {
  const settledMtime = !isOpen(state) && isOlder(seen.facts, state.facts)
  const facts = { ...state.facts, ...seen.facts, ...(settledMtime ? { mtime: state.facts.mtime ?? 0 } : {}) }
  const name = seen.name ?? (state.path === null ? null : state.path.slice(state.path.lastIndexOf('/') + 1))
  const dir = seen.dir ?? state.dir
  return { ...state, facts, dir, path: dir === null || name === null ? state.path : pathOf(dir, name) }
}

/** Same size and a lower mtime than what is settled: a provider that lags behind, no change. */
function isOlder(seen: FileFacts, known: FileFacts): boolean {
  const sameSize = seen.size === undefined || seen.size === known.size
  return sameSize && seen.mtime !== undefined && known.mtime !== undefined && seen.mtime < known.mtime
}

function compare(before: FileState, after: FileState): 'none' | 'name' | 'content' {
  if (before.facts.size !== after.facts.size || before.facts.mtime !== after.facts.mtime) return 'content'
  return before.path === after.path ? 'none' : 'name'
}

/** Size or mtime was never told: one look at it is no comparison. */
function hasGaps(facts: FileFacts): boolean {
  return facts.size === undefined || facts.mtime === undefined
}

function isDecided(state: FileState): boolean {
  const { size, mtime } = state.facts
  return state.decided.some((revision) => revision.size === size && revision.mtime === mtime)
}

function isPremature(before: FileState, change: 'name' | 'content' | 'none', now: number): boolean {
  const last = before.decided.at(-1)
  return (
    change === 'content' && before.phase === 'complete' && last?.eventId != null && now - last.at <= prematureWithinMs
  )
}

/** The old object where nothing differs, so that callers see by identity that there is nothing to store. */
function sameContent(before: FileState, after: FileState): FileState {
  const sameFacts =
    before.facts.ctime === after.facts.ctime &&
    before.facts.localRate === after.facts.localRate &&
    JSON.stringify(before.facts.xattrs) === JSON.stringify(after.facts.xattrs)
  return sameFacts && before.wakeAt === after.wakeAt && before.missedScans === 0 ? before : after
}

function evidenceOf(
  rung: Rung,
  because: string,
  state: FileState,
  { now, trigger: { completion } }: Situation,
): Evidence {
  const checksum = completion.checksum === null ? null : (state.facts.xattrs?.[completion.checksum] ?? null)
  const time = { quietMs: now - state.lastChangeAt, lastChangeAt: state.lastChangeAt }
  return { rung, because, ...time, ...(checksum === null ? {} : { checksum: asText(checksum) }) }
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function pathOf(dir: string, name: string): string {
  return dir === '' ? name : `${dir}/${name}`
}

function step(state: FileState, action: Action = nothing): Step {
  return { state, action, premature: false }
}
