import type { Baseline } from '../core/baseline.ts'
import { type Input, type Situation, type Step, stepCompletion, type Verdict } from '../core/completion.ts'
import type { FileEvent } from '../core/event.ts'
import type { FileState } from '../core/file-state.ts'
import { stalledEventId } from '../core/ids.ts'
import { stepMarker, waitForMarker } from '../core/marker.ts'
import { createMatcher, type Matcher, type Role } from '../core/matching.ts'
import { baseName, type FileSeen, isInside, joinPath, type Observation } from '../core/observation.ts'
import type { ReadAnswer, Space } from '../core/source.ts'
import type { Trigger } from '../core/trigger.ts'
import type { OwedEvent } from '../store/store.ts'

/** Finds states while a batch is worked on: what the batch has changed so far, else memory, else what was loaded. */
export interface Known {
  get(fileId: string): FileState | undefined
  byPath(path: string): FileState | undefined
}

/** What follows for one trigger from one observation, answer or tick. */
export interface Consequence {
  readonly state?: FileState
  readonly forget?: string
  readonly owed?: OwedEvent<FileEvent>
  readonly read?: { readonly distribution: boolean }
  readonly premature?: true
}

/** When a step is made: `now` decides, `wall` goes into the event. Milliseconds since the epoch. */
export interface Moment {
  readonly now: number
  readonly wall: number
}

/** Applies the pure steps for one trigger: who is concerned, what the file is to it, and which event follows. */
export class TriggerStepper {
  readonly trigger: Trigger
  /** How far the trigger is with what was there before it; null = its first listing has not begun. */
  baseline: Baseline | null = null
  readonly #space: Space
  readonly #matcher: Matcher
  readonly #isTemporary: (path: string) => boolean

  constructor(trigger: Trigger, space: Space, providers: readonly string[] = []) {
    this.trigger = trigger
    this.#space = space
    this.#matcher = createMatcher(trigger, providers)
    this.#isTemporary = (path) => this.#matcher.role(path).kind === 'temporary'
  }

  /** Paths besides its own whose states `observation` may ask for. */
  relatedPaths(observation: Observation): readonly string[] {
    const path = pathSeen(observation)
    if (path === null || this.trigger.completion.marker === null) return []
    const role = this.#matcher.role(path)
    if (role.kind === 'marker') return [role.of]
    const marker = this.#matcher.markerOf(path)
    return role.kind === 'file' && marker !== null ? [marker] : []
  }

  /** Of a file the path of its marker, of a marker the path of its file: news of the one may be asked about the other. Null = there is none. */
  counterpartOf({ path, isMarker }: FileState): string | null {
    if (path === null) return null
    if (!isMarker) return this.#matcher.markerOf(path)
    const role = this.#matcher.role(path)
    return role.kind === 'marker' ? role.of : null
  }

  /** What a stream told, or a listing: while the first one is under way, what it finds may be from before. */
  observed(seen: Observation, known: Known, moment: Moment, isListed = false): readonly Consequence[] {
    const before = known.get(seen.fileId)
    if (seen.kind !== 'file') return this.#left(before, seen.kind, known, moment)
    const role = this.#roleOf(seen, before)
    if (role.kind === 'foreign') return this.#movedAway(before, seen)
    if (role.kind === 'marker') return this.#markerSeen({ seen, before, of: role.of }, known, moment)
    const { baseline } = this
    const isOld = isListed && baseline?.state === 'scanning' && isBefore(seen, baseline) && isUnlisted(seen, baseline)
    const input: Input = { kind: isOld ? 'found' : 'seen', seen }
    return this.#step(before?.isMarker ? undefined : before, input, known, moment)
  }

  /** Its time has come. */
  due(state: FileState, known: Known, moment: Moment): readonly Consequence[] {
    if (state.isMarker) return [{ state: { ...state, phase: 'settling', wakeAt: null }, read: { distribution: false } }]
    return this.#step(state, { kind: 'tick' }, known, moment)
  }

  /** The fresh read of a file that `due` asked for, which has not changed since then. */
  answered(answer: ReadAnswer, state: FileState, known: Known, moment: Moment): readonly Consequence[] {
    if (answer.kind === 'unavailable') return this.#unread(state, known, moment)
    if (answer.kind !== 'file' || state.isMarker) return this.observed(answer, known, moment)
    // Without a path nobody knows whose file it is; a listing will tell.
    if (placeOf(answer, state) === null) return this.#unread(state, known, moment)
    const { kind } = this.#roleOf(answer, state)
    if (kind === 'foreign' || kind === 'marker') return this.observed(answer, known, moment)
    return this.#step(state, { kind: 'read', seen: answer }, known, moment)
  }

  #unread(state: FileState, known: Known, moment: Moment): readonly Consequence[] {
    if (state.isMarker) return [{ state: waitForMarker(state, moment.now) }]
    return this.#step(state, { kind: 'unavailable' }, known, moment)
  }

  /** A complete and readable listing lacked it. */
  missed(state: FileState, known: Known, moment: Moment): readonly Consequence[] {
    if (state.isMarker && state.missedScans === 0) return [{ state: { ...state, missedScans: 1 } }]
    if (state.isMarker) return [{ forget: state.fileId }]
    return this.#step(state, { kind: 'missed' }, known, moment)
  }

  #left(
    before: FileState | undefined,
    kind: 'gone' | 'notAFile',
    known: Known,
    moment: Moment,
  ): readonly Consequence[] {
    if (before === undefined) return []
    return before.isMarker ? [{ forget: before.fileId }] : this.#step(before, { kind }, known, moment)
  }

  /** Where it is now concerns nobody here. What was decided about it is kept, under its new path: it may be moved back. */
  #movedAway(before: FileState | undefined, seen: FileSeen): readonly Consequence[] {
    if (before === undefined) return []
    if (before.isMarker || before.decided.length === 0) return [{ forget: before.fileId }]
    if (before.phase === 'gone') return []
    const { evidencedAt: _before, ...rest } = before
    const path = pathSeen(seen) ?? before.path
    const nothingAwaited = { wakeAt: null, vetoSince: null, renamedFromTemporaryAt: null, missedScans: 0 }
    return [{ state: { ...rest, ...nothingAwaited, path, dir: seen.dir ?? before.dir, phase: 'gone' } }]
  }

  #markerSeen(
    { seen, before, of }: { readonly seen: FileSeen; readonly before: FileState | undefined; readonly of: string },
    known: Known,
    moment: Moment,
  ): readonly Consequence[] {
    const marker = stepMarker(before ?? null, this.trigger.name, seen, moment.now)
    if (marker === before) return []
    const file = known.byPath(of)
    const isConcerned =
      file !== undefined && !file.isMarker && (file.phase !== 'complete' || isLater(marker, this.baseline))
    if (!isConcerned) return [{ state: marker }]
    const withMarker: Known = {
      get: (fileId) => (fileId === marker.fileId ? marker : known.get(fileId)),
      byPath: (path) => (path === marker.path ? marker : known.byPath(path)),
    }
    return [{ state: marker }, ...this.#step(file, { kind: 'marked' }, withMarker, moment)]
  }

  #step(before: FileState | undefined, input: Input, known: Known, moment: Moment): readonly Consequence[] {
    const step = stepCompletion(before ?? null, input, this.#situation(known, moment.now))
    const consequence = this.#consequence(before, step, moment.wall)
    return consequence === null ? [] : [consequence]
  }

  #consequence(before: FileState | undefined, step: Step, wall: number): Consequence | null {
    const { state, verdict } = step
    if (verdict.kind === 'forget') return before === undefined ? null : { forget: before.fileId }
    if (state === null || state === before) return null
    const premature = step.premature ? { premature: true as const } : {}
    if (verdict.kind === 'read') return { state, read: verdict, ...premature }
    const owed = this.#owed(state, verdict, wall)
    return { state, ...premature, ...(owed === null ? {} : { owed }) }
  }

  #owed(state: FileState, verdict: Verdict, wall: number): OwedEvent<FileEvent> | null {
    const { name: trigger, source, deliver, deliverStalled } = this.trigger
    const { fileId, path } = state
    const common = { trigger, source, space: this.#space, fileId, path: path ?? '', eventTime: wall }
    if (verdict.kind === 'fire') {
      const { revision, evidence, supersedes } = verdict
      const { eventId: id, size, mtime } = revision
      const event: FileEvent = { id, kind: 'complete', ...common, size, mtime, evidence }
      return { event: supersedes === null ? event : { ...event, supersedes }, targets: deliver }
    }
    if (verdict.kind === 'stalled') {
      const { size, mtime, evidence } = verdict
      const id = stalledEventId({ trigger, spaceId: this.#space.id, fileId, size, mtime })
      return { event: { id, kind: 'stalled', ...common, size, mtime, evidence }, targets: deliverStalled }
    }
    return null
  }

  #situation(known: Known, now: number): Situation {
    return {
      now,
      spaceId: this.#space.id,
      trigger: this.trigger,
      isTemporary: this.#isTemporary,
      markerOf: (path) => {
        const markerPath = this.#matcher.markerOf(path)
        const marker = markerPath === null ? undefined : known.byPath(markerPath)
        return marker?.isMarker ? { mtime: marker.facts.mtime ?? null } : null
      },
    }
  }

  /** Where name or directory were not told, what is known fills in; what nobody knows is one of ours until a read tells. */
  #roleOf(seen: FileSeen, before: FileState | undefined): Role {
    const path = placeOf(seen, before)
    if (path !== null) return this.#matcher.role(path)
    const dir = seen.dir ?? before?.dir ?? null
    return dir === null || this.#matcher.mayHold(dir) ? { kind: 'file' } : { kind: 'foreign' }
  }
}

function pathSeen(observation: Observation): string | null {
  if (observation.kind !== 'file' || observation.dir === null || observation.name === null) return null
  return joinPath(observation.dir, observation.name)
}

/** The path as far as it was told, filled in with what is known; null = nobody knows it. */
function placeOf(seen: FileSeen, before: FileState | undefined): string | null {
  const known = before?.path ?? null
  const name = seen.name ?? (known === null ? null : baseName(known))
  const dir = seen.dir ?? before?.dir ?? null
  return dir === null || name === null ? null : joinPath(dir, name)
}

/** Whether a file lies before the cut: its last change of any kind, and mtime where the provider does not tell that. */
function isBefore(seen: FileSeen, { cutMs }: Baseline): boolean {
  const changedAt = seen.facts.ctime ?? seen.facts.mtime
  return cutMs !== null && changedAt !== undefined && changedAt * 1_000 < cutMs
}

/** Whether no listing could have found it before: what comes to where one was, from elsewhere and with its old times, is new. */
function isUnlisted(seen: FileSeen, { unlisted }: Baseline): boolean {
  const path = pathSeen(seen) ?? seen.dir
  return unlisted === undefined || path === null || unlisted.some((each) => isInside(path, each))
}

/** Whether a marker was written since the watch began: then it speaks for a file from before, too. */
function isLater(marker: FileState, baseline: Baseline | null): boolean {
  const cutMs = baseline?.cutMs ?? null
  return cutMs !== null && marker.facts.mtime !== undefined && marker.facts.mtime * 1_000 >= cutMs
}
