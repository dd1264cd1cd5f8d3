import type { Evidence } from './event.ts'
import {
  asksForEvidence,
  asksForXattrs,
  decidingRung,
  evidenceOf,
  type MarkerSeen,
  missingEvidence,
  reasons,
  standingVeto,
} from './evidence.ts'
import { areSameFacts, areSameXattrs, compareFiles, firstSeen, hasGaps, mergeRead, mergeSeen } from './file-facts.ts'
import { type DecidedRevision, type FileState, isPending } from './file-state.ts'
import { completeEventId } from './ids.ts'
import type { FileSeen } from './observation.ts'
import type { Trigger } from './trigger.ts'

/*
 *            seen                 its time has come: read       read: the same as before
 *   (none) ────────▶ uploading ─────────────────────▶ settling ─────────────────────────▶ complete
 *                     ▲  ▲  ▲                          │   │                                  │
 *                     │  │  └── read: changed, vetoed, ┘   │ read: evidence lacking           │
 *                     │  │            or too early         ▼ for stalledAfter                 │
 *                     │  └── grows again, or its ────── stalled                               │
 *                     │      evidence comes                                                   │
 *                     └────────────── size or mtime changed: a new revision ──────────────────┘
 *
 *   anything ── deleted, or missing in two listings ──▶ gone ── seen again ──▶ uploading (complete, if that revision was decided)
 *
 * Pure: what is known, what came in and what time it is go in; the next state and what is to be done come out. One rule stands above
 * all: nothing fires but on a fresh read, made after the quiet period or after higher evidence, that shows what was known before.
 */

/**
 * With evidence better than time, this long after the last change and after the evidence came is enough. Not shorter: a provider writes
 * times down only every 8 s and looks for changes every second, so that another one may see the last mtime as late as that.
 */
const settleMs = 10_000
/** A vetoed file is looked at again this often. */
const vetoRecheckMs = 60_000
/** After a read that could not be made. */
const shortestRetryMs = 1_000
const longestRetryMs = 60_000
/** A change this soon after firing, or within three quiet periods, means that it fired too early. */
const prematureWithinMs = 60_000
/** Decided revisions that a state keeps; one that comes back after more than this has the event id it had. */
const mostDecided = 20

/** What a step may know besides the file's own state. */
export interface Situation {
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly spaceId: string
  readonly trigger: Pick<Trigger, 'name' | 'completion' | 'revisions'>
  /** Whether a file at this path has the name of one that is not finished. */
  readonly isTemporary: (path: string) => boolean
  /** The marker of the file at this path, where there is one. */
  readonly markerOf: (path: string) => MarkerSeen | null
}

/** What came in. */
export type Input =
  /** A stream or a listing told of it. */
  | { readonly kind: 'seen'; readonly seen: FileSeen }
  /** The first listing found a file that had not changed since before the watch began. */
  | { readonly kind: 'found'; readonly seen: FileSeen }
  /** The answer to a read that was asked for. */
  | { readonly kind: 'read'; readonly seen: FileSeen }
  /** The read could not be made: the file's fate is open. */
  | { readonly kind: 'unavailable' }
  /** It is deleted, or it never was a file of this trigger's. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'notAFile' }
  /** A complete listing lacked it. */
  | { readonly kind: 'missed' }
  /** Its marker came or changed. */
  | { readonly kind: 'marked' }
  /** Time has passed. */
  | { readonly kind: 'tick' }

/** What is to be done after a step. */
export type Verdict =
  | { readonly kind: 'nothing' }
  /** Look at the file afresh, and hand in the answer; `distribution`: ask too who holds its bytes. */
  | { readonly kind: 'read'; readonly distribution: boolean }
  /** This revision is complete: one event, under this id. */
  | {
      readonly kind: 'fire'
      readonly revision: DecidedRevision & { readonly eventId: string }
      readonly evidence: Evidence
      /** Id of the event of the revision before it. */
      readonly supersedes: string | null
    }
  /** It stopped growing without its evidence: an event of another kind. */
  | { readonly kind: 'stalled'; readonly size: number; readonly mtime: number; readonly evidence: Evidence }
  /** Nothing needs to be known of it any more. */
  | { readonly kind: 'forget' }

export interface Step {
  /** Null: it is not known (any more). The very same object as before: nothing changed. */
  readonly state: FileState | null
  readonly verdict: Verdict
  /** The change came so soon after firing that the file had not been complete. */
  readonly premature: boolean
}

const nothing: Verdict = { kind: 'nothing' }

/** One step in the life of one file under one trigger. Defined for every state and input; never throws. */
export function stepCompletion(state: FileState | null, input: Input, situation: Situation): Step {
  if (state === null) return stepUnknown(input, situation)
  const step = stepKnown(state, input, situation)
  const isAskedAnew =
    step.state !== null && step.state !== state && step.state.phase === 'settling' && step.state.wakeAt === null
  // A read is under way, and its answer is about a state that is history: it has to be asked again.
  if (isAskedAnew && step.verdict.kind === 'nothing')
    return { ...step, state: { ...step.state, wakeAt: situation.now } }
  return step
}

function stepUnknown(input: Input, situation: Situation): Step {
  const { now, trigger } = situation
  switch (input.kind) {
    case 'seen':
    case 'read':
      return to(plan(firstSeen(trigger.name, input.seen, now), situation))
    case 'found': {
      const state = firstSeen(trigger.name, input.seen, now)
      // Under a temporary name it is not there yet: it will be when it is renamed.
      return to(isTemporary(state, situation) ? plan(state, situation) : knownFromBefore(state, situation))
    }
    default:
      return to(null)
  }
}

function stepKnown(state: FileState, input: Input, situation: Situation): Step {
  switch (input.kind) {
    case 'seen':
    case 'found':
      return seenAgain(state, input.seen, situation)
    case 'read':
      return confirmed(state, input.seen, situation)
    case 'unavailable':
      return unanswered(state, situation)
    case 'gone':
      return vanished(state, situation)
    case 'notAFile':
      return to(null, { kind: 'forget' })
    case 'missed':
      return missed(state, situation)
    case 'marked':
      return marked(state, situation)
    case 'tick':
      return ticked(state, situation)
  }
}

function seenAgain(state: FileState, seen: FileSeen, situation: Situation): Step {
  const merged = { ...mergeSeen(state, seen), missedScans: 0 }
  const change = compareFiles(state, merged)
  if (state.phase === 'gone') return to(reopened(merged, situation))
  if (change === 'content') {
    const next = reopened({ ...merged, renamedFromTemporaryAt: null }, situation)
    return { state: next, verdict: nothing, premature: isPremature(state, situation) }
  }
  if (change === 'name') return renamed(state, merged, situation)
  if (isWorthALook(state, merged, seen, situation)) return to({ ...merged, phase: 'settling', wakeAt: situation.now })
  const isSame = areSameFacts(state.facts, merged.facts) && state.dir === merged.dir && state.missedScans === 0
  return to(isSame ? state : merged)
}

function renamed(before: FileState, moved: FileState, situation: Situation): Step {
  if (before.phase === 'complete') return to(moved)
  const isFinal = !isTemporary(moved, situation)
  const wasTemporary = isTemporary(before, situation)
  const since = moved.renamedFromTemporaryAt
  const renamedFromTemporaryAt = isFinal ? (wasTemporary ? situation.now : since) : null
  return to(reopened({ ...moved, renamedFromTemporaryAt }, situation))
}

/** The quiet period begins anew; not where this content was decided upon already, nor where nothing more is wanted of the file. */
function reopened(state: FileState, situation: Situation): FileState {
  return isSettled(state, situation) ? { ...state, phase: 'complete', wakeAt: null } : restarted(state, situation)
}

function restarted(state: FileState, situation: Situation): FileState {
  const { heldElsewhere: _stale, ...facts } = state.facts
  const { evidencedAt: _before, ...rest } = state
  const fresh = { ...rest, facts, lastChangeAt: situation.now, vetoSince: null, evidence: null }
  return plan(fresh, situation)
}

/** Whether something besides size, mtime and name says that a file which lacks evidence may have it now, or a veto may be over. */
function isWorthALook(before: FileState, after: FileState, seen: FileSeen, situation: Situation): boolean {
  const mayAwait = isOpen(before) || isBaseline(before)
  if (!mayAwait || isTemporary(after, situation)) return false
  const awaitsXattr = asksForXattrs(situation.trigger.completion) && before.evidencedAt === undefined
  if (awaitsXattr && isXattrNews(before, after, seen)) return true
  return before.vetoSince !== null && before.facts.localRate !== after.facts.localRate
}

/** Setting an extended attribute moves ctime. A listing that tells neither says nothing: then the file is looked at each time. */
function isXattrNews(before: FileState, after: FileState, seen: FileSeen): boolean {
  if (seen.facts.xattrs !== undefined) return !areSameXattrs(before.facts.xattrs, after.facts.xattrs)
  if (seen.facts.ctime !== undefined) return before.facts.ctime !== after.facts.ctime
  return seen.by === 'scan' && isOpen(before)
}

function ticked(state: FileState, situation: Situation): Step {
  const { now, trigger } = situation
  if (!isPending(state)) return to(state.wakeAt === null ? state : { ...state, wakeAt: null })
  // The clock was set back while nobody was looking: what it says about the past is worth nothing.
  if (state.lastChangeAt > now) return to(restarted(state, situation))
  if (state.wakeAt !== null && state.wakeAt > now) return to(state)
  const planned = state.phase === 'settling' && !isTemporary(state, situation) ? state : plan(state, situation)
  if (planned.wakeAt === null ? planned.phase !== 'settling' : planned.wakeAt > now) return to(planned)
  const isVetoOver = state.vetoSince !== null && now - state.vetoSince >= trigger.completion.vetoForMs
  return to({ ...planned, phase: 'settling', wakeAt: null }, { kind: 'read', distribution: isVetoOver })
}

/** The file's fate is open: it is asked again, at intervals that grow with the time it has waited. */
function unanswered(state: FileState, { now, trigger }: Situation): Step {
  if (!isOpen(state)) return to(state)
  const waited = now - state.lastChangeAt - trigger.completion.stableForMs
  const delay = Math.min(Math.max(waited / 2, shortestRetryMs), longestRetryMs)
  return to({ ...state, phase: 'settling', wakeAt: now + Math.round(delay) })
}

/** What was decided is kept: the file may come back. One that never counted leaves nothing behind. */
function vanished(state: FileState, situation: Situation): Step {
  if (state.phase === 'gone') return to(state)
  if (state.decided.length === 0 && (state.path === null || isTemporary(state, situation)))
    return to(null, { kind: 'forget' })
  const { evidencedAt: _before, ...rest } = state
  return to({ ...rest, phase: 'gone', wakeAt: null, vetoSince: null, renamedFromTemporaryAt: null, missedScans: 0 })
}

/** One listing may have missed it, two have not. A file that waits for something is looked at at once. */
function missed(state: FileState, situation: Situation): Step {
  if (state.phase === 'gone') return to(state)
  if (state.missedScans >= 1) return vanished(state, situation)
  const isRead = isPending(state) && !isTemporary(state, situation)
  return to({ ...state, missedScans: 1, ...(isRead ? { phase: 'settling', wakeAt: situation.now } : {}) })
}

function marked(state: FileState, situation: Situation): Step {
  if (!isOpen(state) && !isBaseline(state)) return to(state)
  const planned = plan(state, situation)
  // Without all of its evidence, what is not pending stays what it is.
  return to(planned.evidencedAt === undefined && !isPending(state) ? state : planned)
}

/** Takes in the fresh read, and decides. */
function confirmed(state: FileState, seen: FileSeen, situation: Situation): Step {
  // A read that does not tell size or mtime confirms nothing.
  if (hasGaps(seen.facts)) return unanswered(state, situation)
  const read = { ...mergeRead(state, seen, asksForXattrs(situation.trigger.completion)), missedScans: 0 }
  const isChanged = compareFiles(state, read) === 'content' || hasGaps(state.facts)
  if (isChanged) return to(reopened({ ...read, renamedFromTemporaryAt: null }, situation))
  if (!isBaseline(read) && isSettled(read, situation)) return to({ ...read, phase: 'complete', wakeAt: null })
  return decide(read, situation)
}

function decide(state: FileState, situation: Situation): Step {
  const { now, trigger } = situation
  const planned = plan(state, situation)
  if (isBaseline(state) && planned.evidencedAt === undefined) return to({ ...state, phase: 'complete', wakeAt: null })
  if (planned.wakeAt === null || planned.wakeAt > now) return to(planned)
  const lack = lackOf(planned, situation)
  if (lack !== null) return waitForEvidence(planned, lack, situation)
  const isVetoOver = planned.vetoSince !== null && now - planned.vetoSince >= trigger.completion.vetoForMs
  const veto = standingVeto(planned, trigger.completion, isVetoOver)
  return veto === null ? complete(planned, situation) : waitForVeto(planned, veto, situation)
}

function complete(state: FileState, situation: Situation): Step {
  const { now, spaceId, trigger } = situation
  const rung = decidingRung(state, trigger.completion)
  const evidence = evidenceOf(rung, reasons[rung], state, { now, policy: trigger.completion })
  const done = { ...state, phase: 'complete', wakeAt: null, vetoSince: null, evidence } as const
  const { size = 0, mtime = 0 } = state.facts
  if (size === 0 && trigger.completion.emptyFiles === 'ignore') return to(done)
  const eventId = completeEventId({ trigger: trigger.name, spaceId, fileId: state.fileId, size, mtime })
  const revision = { size, mtime, eventId, at: now }
  const supersedes = state.decided.findLast((earlier) => earlier.eventId !== null)?.eventId ?? null
  const decided = [...state.decided, revision].slice(-mostDecided)
  return to({ ...done, decided }, { kind: 'fire', revision, evidence, supersedes })
}

function waitForEvidence(state: FileState, lack: string, situation: Situation): Step {
  const stalledAt = state.lastChangeAt + situation.trigger.completion.stalledAfterMs
  return situation.now < stalledAt ? to({ ...state, wakeAt: stalledAt }) : stalled(state, lack, situation)
}

function waitForVeto(state: FileState, veto: 'holes' | 'cdmi', situation: Situation): Step {
  const { now, trigger } = situation
  const vetoSince = state.vetoSince === null || state.vetoSince > now ? now : state.vetoSince
  const endsAt = vetoSince + trigger.completion.vetoForMs
  if (now < endsAt) return to({ ...state, vetoSince, wakeAt: Math.min(now + vetoRecheckMs, endsAt) })
  if (veto === 'holes' && state.facts.heldElsewhere === undefined)
    return to({ ...state, vetoSince, wakeAt: now + vetoRecheckMs })
  return stalled({ ...state, vetoSince }, vetoSentences[veto], situation)
}

const vetoSentences = {
  cdmi: 'CDMI says that its upload is under way',
  holes: 'bytes are missing, and no provider has them',
} as const

/** Told once for each content. */
function stalled(state: FileState, lack: string, { now, trigger }: Situation): Step {
  const { size = 0, mtime = 0 } = state.facts
  const evidence = evidenceOf('stalled', lack, state, { now, policy: trigger.completion })
  const isTold = state.evidence?.rung === 'stalled'
  return to(
    { ...state, phase: 'stalled', wakeAt: null, evidence },
    isTold ? nothing : { kind: 'stalled', size, mtime, evidence },
  )
}

/** Sets when the file is to be read next, and notes since when its evidence is complete. */
function plan(state: FileState, situation: Situation): FileState {
  const { evidencedAt: before, ...rest } = state
  const { now, trigger } = situation
  const isEvident = asksForEvidence(trigger.completion) && lackOf(state, situation) === null
  const evidencedAt = isEvident ? Math.min(before ?? now, now) : undefined
  const planned: FileState = { ...rest, phase: 'uploading', ...(evidencedAt === undefined ? {} : { evidencedAt }) }
  const at = readableAt(planned, situation)
  return { ...planned, wakeAt: at === null ? null : Math.max(at, now) }
}

/** The earliest time at which a read may decide something; null = none will under this name. */
function readableAt(state: FileState, situation: Situation): number | null {
  const { completion } = situation.trigger
  const settledMs = Math.min(settleMs, completion.stableForMs)
  if (isTemporary(state, situation)) return null
  if (state.evidencedAt !== undefined) return Math.max(state.lastChangeAt, state.evidencedAt) + settledMs
  // An extended attribute shows only when the file is read; a marker shows by itself.
  if (asksForXattrs(completion)) return state.lastChangeAt + completion.stableForMs
  if (completion.marker !== null) return state.lastChangeAt + completion.stalledAfterMs
  if (state.facts.size === 0 && completion.emptyFiles === 'hold')
    return state.lastChangeAt + Math.max(completion.stalledAfterMs, completion.stableForMs)
  const isRenamed = state.renamedFromTemporaryAt !== null && state.facts.size !== 0
  return state.lastChangeAt + (isRenamed ? settledMs : completion.stableForMs)
}

function knownFromBefore(state: FileState, { now, trigger }: Situation): FileState {
  const { size = 0, mtime = 0 } = state.facts
  const evidence = evidenceOf('baseline', reasons.baseline, state, { now, policy: trigger.completion })
  return { ...state, phase: 'complete', decided: [{ size, mtime, eventId: null, at: now }], evidence }
}

/** Known since before the watch began, and not changed since: it fires only when its evidence comes after all. */
function isBaseline(state: FileState): boolean {
  return state.evidence?.rung === 'baseline' && state.phase !== 'gone'
}

/** uploading, settling and stalled files are still open. */
function isOpen(state: FileState): boolean {
  return isPending(state) || state.phase === 'stalled'
}

/** This content was decided upon, or the trigger wants one revision only and has it. */
function isSettled({ facts, decided }: FileState, { trigger }: Situation): boolean {
  const hasFired = trigger.revisions === 'once' && decided.some((revision) => revision.eventId !== null)
  return hasFired || decided.some((revision) => revision.size === facts.size && revision.mtime === facts.mtime)
}

function isPremature(before: FileState, { now, trigger }: Situation): boolean {
  const last = before.decided.at(-1)
  if (before.phase !== 'complete' || last === undefined || last.eventId === null) return false
  return now - last.at <= Math.max(prematureWithinMs, 3 * trigger.completion.stableForMs)
}

function isTemporary({ path }: FileState, situation: Situation): boolean {
  return path !== null && situation.isTemporary(path)
}

function lackOf(state: FileState, { trigger, markerOf }: Situation): string | null {
  return missingEvidence(state, trigger.completion, state.path === null ? null : markerOf(state.path))
}

function to(state: FileState | null, verdict: Verdict = nothing): Step {
  return { state, verdict, premature: false }
}
