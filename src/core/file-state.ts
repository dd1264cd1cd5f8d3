import type { Evidence } from './event.ts'
import type { FileFacts } from './observation.ts'

/**
 * uploading: size or mtime changed lately, or the name is a temporary one, or evidence is lacking
 * settling:  quiet, waiting for the confirming read
 * complete:  fired, or known from the baseline
 * stalled:   stopped growing without its evidence
 * gone:      deleted; kept because it may come back
 */
export type Phase = 'uploading' | 'settling' | 'complete' | 'stalled' | 'gone'

/** A revision that was decided upon; `eventId` is null where it was known from the baseline and never fired. */
export interface DecidedRevision {
  /** Bytes. */
  readonly size: number
  /** Seconds since the epoch, whole. */
  readonly mtime: number
  readonly eventId: string | null
  /** When it was decided, milliseconds since the epoch, our clock. */
  readonly at: number
}

/** What one trigger knows of one file. */
export interface FileState {
  readonly trigger: string
  readonly fileId: string
  /** Path inside the space; null until it was told (an event may come without a name). */
  readonly path: string | null
  /** Directory inside the space; null where it was not told. */
  readonly dir: string | null
  readonly phase: Phase
  /** What is known of the file, merged over all observations. */
  readonly facts: FileFacts
  /** Milliseconds since the epoch, our clock. */
  readonly firstSeenAt: number
  /** When size, mtime or name was last seen to change, milliseconds since the epoch, our clock. */
  readonly lastChangeAt: number
  /** When something is to be decided or read; null = only when something is observed. */
  readonly wakeAt: number | null
  /** Since when all evidence that the trigger asks for is known to be there; absent = some lacks, or none is asked for. */
  readonly evidencedAt?: number
  /** The name it had was a temporary one until this time; null = it never was. */
  readonly renamedFromTemporaryAt: number | null
  /** Since when holes, or CDMI, forbid firing; null = they do not. */
  readonly vetoSince: number | null
  /** The newest revisions decided upon, oldest first; kept while the file may come back. */
  readonly decided: readonly DecidedRevision[]
  /** Why it is complete or stalled. */
  readonly evidence: Evidence | null
  /** A marker of another file: it never fires itself. */
  readonly isMarker: boolean
  /** Complete listings in a row that lacked it. */
  readonly missedScans: number
}

/** Whether the state still waits for something: it is held in memory and survives restarts in the store. */
export function isPending(state: Pick<FileState, 'phase'>): boolean {
  return state.phase === 'uploading' || state.phase === 'settling'
}
