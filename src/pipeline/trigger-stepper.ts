import type { Baseline } from '../core/baseline.ts'
import {
  type Action,
  confirm,
  knownFile,
  newFile,
  observe,
  type Situation,
  type Step,
  unreadable,
  vanish,
  wake,
} from '../core/completion.ts'
import type { Event } from '../core/event.ts'
import type { FileState } from '../core/file-state.ts'
import { completeEventId, stalledEventId } from '../core/ids.ts'
import { createMatcher, type Matcher, type Role } from '../core/matching.ts'
import { type FileSeen, joinPath, type Observation } from '../core/observation.ts'
import type { ReadAnswer, Space } from '../core/source.ts'
import type { Trigger } from '../core/trigger.ts'
import type { OwedEvent } from '../store/store.ts'

/** A marker whose mtime was not told is read this long after it was seen. */
const markerReadMs = 1_000

/** Finds states while a batch is worked on: what the batch has changed so far, else memory, else what was loaded. */
export interface Known {
  get(fileId: string): FileState | undefined
  byPath(path: string): FileState | undefined
}

/** What follows for one trigger from one observation, answer or tick. */
export interface Consequence {
  readonly state?: FileState
  readonly forget?: string
  readonly owed?: OwedEvent
  readonly read?: { readonly distribution: boolean }
  readonly premature?: true
}

/** Applies the pure steps for one trigger: who is concerned, what the file is to it, and which event follows. */
export class TriggerStepper {
  readonly trigger: Trigger
  readonly #space: Space
  readonly #matcher: Matcher

  constructor(trigger: Trigger, space: Space) {
    this.trigger = trigger
    this.#space = space
    this.#matcher = createMatcher(trigger)
  }

  /** Paths whose states `observed` may ask for besides the file's own. */
  relatedPaths(observation: Observation): readonly string[] {
    const path = pathSeen(observation)
    if (path === null || this.trigger.completion.marker === null) return []
    const role = this.#matcher.role(path)
    if (role.kind === 'marker') return [role.of]
    const marker = this.#matcher.markerOf(path)
    return role.kind === 'file' && marker !== null ? [marker] : []
  }

  /** The marker that a pending file waits for; null = none. */
  markerOf(state: FileState): string | null {
    return state.path === null || state.isMarker ? null : this.#matcher.markerOf(state.path)
  }

  /** What was seen, for this trigger. `baseline` is set while the first scan runs and the observation is from it. */
  observed(seen: Observation, known: Known, baseline: Baseline | null, now: number): readonly Consequence[] {
    const before = known.get(seen.fileId)
    if (seen.kind === 'notAFile') return before === undefined ? [] : [{ forget: seen.fileId }]
    if (seen.kind === 'gone') return this.#gone(before)
    const role = this.#roleOf(seen, before)
    if (role.kind === 'foreign') return this.#gone(before)
    if (role.kind === 'marker') return this.#markerSeen(seen, before, role.of, known, now)
    if (before === undefined) return [{ state: this.#firstSeen(seen, role, known, baseline, now) }]
    const wasTemporary = before.path !== null && this.#matcher.role(before.path).kind === 'temporary'
    const step = observe(before, seen, wasTemporary, this.#situation(role, before, known, now))
    if (step.state === before) return []
    return [this.#rewoken(step, role, known, now)]
  }

  /** Its time has come. */
  due(state: FileState, known: Known, now: number): Consequence {
    if (state.isMarker) return { state: { ...state, wakeAt: null }, read: { distribution: false } }
    const step = wake(state, this.#situation(this.#role(state), state, known, now))
    return { state: step.state, ...(step.action.kind === 'read' ? { read: step.action } : {}) }
  }

  /** The fresh read of a pending file. */
  answered(answer: ReadAnswer, known: Known, now: number, wallTime: number): readonly Consequence[] {
    const before = known.get(answer.fileId)
    if (before === undefined) return []
    if (answer.kind === 'unavailable')
      return [{ state: unreadable(before, this.#situation(this.#role(before), before, known, now)).state }]
    if (answer.kind !== 'file' || before.isMarker) return this.observed(answer, known, null, now)
    const role = this.#roleOf(answer, before)
    if (role.kind !== 'file' && role.kind !== 'temporary') return this.observed(answer, known, null, now)
    const after = { ...before, path: pathSeen(answer) ?? before.path }
    const step = confirm(before, answer, this.#situation(role, after, known, now))
    return [this.#acted(step, wallTime, now)]
  }

  /** A state that a complete scan lacked: gone the second time, and a pending one is looked at at once. */
  missed(state: FileState, now: number): Consequence {
    if (state.missedScans >= 1) return { state: vanish(state) }
    const pending = state.phase === 'uploading' || state.phase === 'settling'
    return { state: { ...state, missedScans: 1, ...(pending ? { wakeAt: now, phase: 'settling' as const } : {}) } }
  }

  #gone(before: FileState | undefined): readonly Consequence[] {
    return before === undefined || before.phase === 'gone' ? [] : [{ state: vanish(before) }]
  }

  #firstSeen(seen: FileSeen, role: Role, known: Known, baseline: Baseline | null, now: number): FileState {
    if (baseline !== null && isBefore(seen, baseline)) return knownFile(this.trigger.name, seen, now)
    const state = newFile(this.trigger.name, seen, now)
    return wake(state, this.#situation(role, state, known, now)).state
  }

  /** A marker is kept, never fires, and wakes its file. Its mtime has to be known: it says whether it is older than the file. */
  #markerSeen(
    seen: FileSeen,
    before: FileState | undefined,
    of: string,
    known: Known,
    now: number,
  ): readonly Consequence[] {
    const base = before ?? newFile(this.trigger.name, seen, now)
    const facts = { ...base.facts, ...seen.facts }
    const path = pathSeen(seen) ?? base.path
    const complete = facts.mtime !== undefined
    const unchanged =
      before?.isMarker && before.path === path && before.facts.mtime === facts.mtime && before.phase === 'complete'
    if (unchanged) return []
    const marker: FileState = {
      ...base,
      path,
      facts,
      isMarker: true,
      phase: complete ? 'complete' : 'uploading',
      wakeAt: complete ? null : now + markerReadMs,
      missedScans: 0,
    }
    const file = known.byPath(of)
    if (file === undefined || file.phase === 'gone' || file.phase === 'complete') return [{ state: marker }]
    const situation = { now, trigger: this.trigger, temporary: false, marker: { mtime: facts.mtime ?? null } }
    // Not read here: a file that is due at once comes up with the next tick.
    const woken = wake({ ...file, phase: 'uploading', wakeAt: null }, situation).state
    const wakeAt = woken.wakeAt ?? now
    return [
      { state: marker },
      { state: { ...file, wakeAt, phase: file.phase === 'stalled' ? 'uploading' : file.phase } },
    ]
  }

  /** An observation never reads by itself; it sets when to. */
  #rewoken(step: Step, role: Role, known: Known, now: number): Consequence {
    const state = step.state
    const open = state.phase === 'uploading' || state.phase === 'settling'
    const woken = open
      ? wake(state, this.#situation(role, state, known, now))
      : { state, action: { kind: 'none' } as Action }
    const next = woken.action.kind === 'read' ? { ...state, wakeAt: now } : woken.state
    return { state: next, ...(step.premature ? { premature: true as const } : {}) }
  }

  #acted(step: Step, wallTime: number, now: number): Consequence {
    const { state, action } = step
    if (action.kind !== 'fire' && action.kind !== 'stall') return { state }
    const event = this.#event(state, action, wallTime)
    if (action.kind === 'stall') return { state, owed: { event, targets: this.trigger.deliverStalled } }
    const revision = { size: action.size, mtime: action.mtime, eventId: event.id, at: now }
    return {
      state: { ...state, decided: [...state.decided, revision] },
      owed: { event, targets: this.trigger.deliver },
    }
  }

  #event(state: FileState, action: Action & { kind: 'fire' | 'stall' }, wallTime: number): Event {
    const { size, mtime, evidence } = action
    const { name: trigger, source } = this.trigger
    const key = { trigger, spaceId: this.#space.id, fileId: state.fileId, size, mtime }
    const supersedes = state.decided.findLast((revision) => revision.eventId !== null)?.eventId ?? null
    return {
      id: action.kind === 'fire' ? completeEventId(key) : stalledEventId(key),
      kind: action.kind === 'fire' ? 'complete' : 'stalled',
      trigger,
      source,
      space: this.#space,
      fileId: state.fileId,
      path: state.path ?? '',
      size,
      mtime,
      evidence,
      eventTime: wallTime,
      ...(supersedes === null ? {} : { supersedes }),
    }
  }

  #situation(role: Role, state: FileState, known: Known, now: number): Situation {
    const markerPath = state.path === null ? null : this.#matcher.markerOf(state.path)
    const marker = markerPath === null ? undefined : known.byPath(markerPath)
    const isThere = marker !== undefined && marker.phase !== 'gone'
    return {
      now,
      trigger: this.trigger,
      temporary: role.kind === 'temporary',
      marker: isThere ? { mtime: marker.facts.mtime ?? null } : null,
    }
  }

  #role(state: FileState): Role {
    return state.path === null ? { kind: 'file' } : this.#matcher.role(state.path)
  }

  /** Where name or directory were not told, what is known fills in; a new file without a name is one of ours until a read tells it. */
  #roleOf(seen: FileSeen, before: FileState | undefined): Role {
    const name = seen.name ?? before?.path?.slice(before.path.lastIndexOf('/') + 1) ?? null
    const dir = seen.dir ?? before?.dir ?? null
    if (dir !== null && name !== null) return this.#matcher.role(joinPath(dir, name))
    if (before !== undefined) return { kind: 'file' }
    return dir !== null && this.#matcher.mayHold(dir) ? { kind: 'file' } : { kind: 'foreign' }
  }
}

function pathSeen(observation: Observation): string | null {
  if (observation.kind !== 'file' || observation.dir === null || observation.name === null) return null
  return joinPath(observation.dir, observation.name)
}

/** Whether a file lies before the cut: its last change of any kind, and mtime where the provider does not tell that. */
function isBefore(seen: FileSeen, baseline: Baseline): boolean {
  const changedAt = seen.facts.ctime ?? seen.facts.mtime
  return baseline.cutMs !== null && changedAt !== undefined && changedAt * 1_000 < baseline.cutMs
}
