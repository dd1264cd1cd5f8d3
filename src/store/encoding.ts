import type { Baseline } from '../core/baseline.ts'
import { type Answer, type DeliveryState, hasEnded, type Job } from '../core/delivery.ts'
import { type Event, streamOf } from '../core/event.ts'
import type { FileState, Phase } from '../core/file-state.ts'

// How rows of the SQL stores hold what they keep. Released databases hold these values: they never change their meaning.

/** Phases as numbers, so that "pending" is a comparison a partial index can hold. */
export const phaseNumbers = { uploading: 0, settling: 1, stalled: 2, complete: 3, gone: 4 } as const
export const deliveryStateNumbers = { owed: 0, delivered: 1, dead: 2, discarded: 3 } as const

const phaseNames: ReadonlyMap<number, Phase> = new Map(
  Object.entries(phaseNumbers).map(([name, number]) => [number, name as Phase]),
)
const stateNames: ReadonlyMap<number, DeliveryState> = new Map(
  Object.entries(deliveryStateNumbers).map(([name, number]) => [number, name as DeliveryState]),
)

export function phaseOf(number: unknown): Phase {
  return phaseNames.get(Number(number)) ?? 'uploading'
}

export function deliveryStateOf(number: unknown): DeliveryState {
  return stateNames.get(Number(number)) ?? 'owed'
}

/**
 * Everything of a state that has no column of its own. Nulls are left out: most of a known file's fields are null. Field by field, for it is written twice
 * for each file: an object that grows by names that are not known beforehand takes twice as long. What a later schema adds is lost where this writes.
 */
export function encodeState(state: FileState): string {
  const { firstSeenAt, lastChangeAt, evidencedAt, facts, decided, isMarker, missedScans } = state
  const kept = {
    facts,
    firstSeenAt,
    lastChangeAt,
    wakeAt: state.wakeAt ?? undefined,
    evidencedAt,
    renamedFromTemporaryAt: state.renamedFromTemporaryAt ?? undefined,
    vetoSince: state.vetoSince ?? undefined,
    decided,
    evidence: state.evidence ?? undefined,
    isMarker,
    missedScans,
    // A path tells its directory.
    dir: state.path === null ? (state.dir ?? undefined) : undefined,
  } satisfies Record<Exclude<keyof FileState, 'trigger' | 'fileId' | 'path' | 'phase'>, unknown>
  return JSON.stringify(kept)
}

/** The state of a row; `data` is what `encodeState` wrote, parsed. */
export function decodeState(
  columns: Pick<FileState, 'trigger' | 'fileId' | 'path' | 'phase'>,
  data: object,
): FileState {
  const { path } = columns
  const absent = {
    dir: path === null ? null : path.slice(0, Math.max(path.lastIndexOf('/'), 0)),
    wakeAt: null,
    renamedFromTemporaryAt: null,
    vetoSince: null,
    evidence: null,
  }
  // What `encodeState` wrote under this schema's version; rows come from nowhere else.
  return { ...absent, ...data, ...columns } as FileState
}

/** Value of the column `unlisted`. */
export function encodeUnlisted({ unlisted }: Baseline): string | null {
  return unlisted === undefined ? null : JSON.stringify(unlisted)
}

/** The baseline of a row. */
export function decodeBaseline(trigger: string, row: Readonly<Record<string, unknown>>): Baseline {
  return {
    trigger,
    state: row.state === 'done' ? 'done' : 'scanning',
    cutMs: numberOrNull(row.cut_ms),
    // What `encodeUnlisted` wrote.
    ...(row.unlisted === null ? {} : { unlisted: JSON.parse(String(row.unlisted)) as readonly string[] }),
  }
}

/** Values of the columns `job` and `job_seen`. */
export function encodeJob(job: Job | null): readonly [string | null, number | null] {
  if (job === null) return [null, null]
  return [JSON.stringify(job), hasEnded(job) ? null : job.seenAt]
}

/** Stands in what `encodeJob` writes of a job with this id, and of no other. */
export function jobMark({ id }: Job): string {
  return `"id":${JSON.stringify(id)}`
}

/** What `encodeJob` wrote. */
export function decodeJob(data: unknown): Job | null {
  return data === null ? null : (JSON.parse(String(data)) as Job)
}

/** What was written as the JSON of an answer. */
export function decodeAnswer(data: unknown): Answer | null {
  return data === null ? null : (JSON.parse(String(data)) as Answer)
}

/** What was written as the JSON of an event. */
export function decodeEvent(data: unknown): Event {
  return JSON.parse(String(data)) as Event
}

export function numberOrNull(value: unknown): number | null {
  return value === null || value === undefined ? null : Number(value)
}

/** 52 bits that name a file of a trigger. Two files that share them only wait for each other now and then. */
export function fileKey(event: Event): number {
  return textKey(streamOf(event))
}

/**
 * 52 bits of a text: what an index holds in its place, small however long it is. Texts may share them, so whoever finds a row by them compares the whole
 * text. Of what is no text (half a surrogate pair) it takes what SQLite keeps of it.
 */
export function textKey(text: string): number {
  let [high, low] = [0x811c9dc5, 0x01000193]
  const wellFormed = text.toWellFormed()
  for (let index = 0; index < wellFormed.length; index++) {
    const code = wellFormed.codePointAt(index) ?? 0
    if (code > 0xffff) index += 1
    high = Math.imul(high ^ code, 0x01000193)
    low = Math.imul(low ^ code, 0x85ebca6b)
  }
  return (high >>> 12) * 2 ** 32 + (low >>> 0)
}
