import type { Observation } from './observation.ts'

/** A space as a source knows it. */
export interface Space {
  readonly id: string
  readonly name: string
}

/** Where a source's stream can be resumed. Belongs to one provider and one way of watching; opaque to everybody else. */
export interface Cursor {
  readonly provider: string
  readonly via: 'events' | 'changes'
  readonly value: string
}

/** Marks the beginning and the end of one full listing among the batches. */
export type ScanMark =
  | {
      readonly kind: 'begin'
      /** Numbers the scans of one watch; pages and the end of the same scan carry it too. */
      readonly scan: number
      /** The provider's own time when the first listing of this watch began, milliseconds since the epoch; null in later ones, and where it did not tell. */
      readonly serverTimeMs: number | null
    }
  | {
      readonly kind: 'end'
      readonly scan: number
      /** False: the listing was broken off; nothing follows from what it lacks. */
      readonly complete: boolean
      /** Directories (paths inside the space) that could not be read: nothing is known of what lies in or below them. */
      readonly unreadable: readonly string[]
    }

/** What a source hands over at once. A batch is taken in whole or not at all. */
export interface WatchBatch {
  readonly observations: readonly Observation[]
  /** When each of them came, milliseconds since the epoch by our clock; absent = now. What waits for its turn is as old as it is. */
  readonly ats?: readonly number[]
  /** The stream may be resumed from here once the observations of this and all earlier batches are stored. */
  readonly cursor?: Cursor
  /** Number of the scan that found these observations, where one did. */
  readonly scan?: number
  readonly mark?: ScanMark
}

/** What a trigger already knows of a file; a source that pays per file reads the unknown and the pending ones first. */
export interface KnownFile {
  readonly size: number | null
  readonly mtime: number | null
  readonly pending: boolean
}

/** Where a source puts what it sees. */
export interface WatchSink {
  /** Resolves when the batch is stored: the source waits for it before it hands over the next (back-pressure). */
  push(batch: WatchBatch): Promise<void>
  /** Those of the ids that at least one trigger knows; pending where one has it pending. Ids that are gone count as unknown. */
  known(fileIds: readonly string[]): Promise<ReadonlyMap<string, KnownFile>>
}

/** One file to look at afresh. */
export interface ReadRequest {
  readonly fileId: string
  /** Last known path inside the space; the only handle there is on the oldest providers. */
  readonly path: string | null
  /** Names of extended attributes to fetch with it. */
  readonly xattrs: readonly string[]
  /** Ask CDMI too whether an upload is under way. */
  readonly cdmi: boolean
  /** Ask too which providers hold the file's bytes. */
  readonly distribution: boolean
}

/** A fresh look: what is there now, or that nobody could be asked (the file's fate is open; ask again later). */
export type ReadAnswer =
  | Observation
  | { readonly kind: 'unavailable'; readonly fileId: string; readonly reason: string }

/** What a watch needs to know of the triggers it serves. */
export interface WatchNeeds {
  /** Folders inside the space, without slashes at the ends; '' is the whole space. */
  readonly folders: readonly string[]
  /** Extended attributes that some trigger looks at: a change of ctime then matters too, and reads fetch them. */
  readonly xattrs: readonly string[]
  /** Whether some trigger looks at holes: listings and reads then tell `localRate`. */
  readonly holes: boolean
}

/** State of one part, for health: since when, and why if it is not well. */
export interface PartHealth {
  readonly ok: boolean
  /** Milliseconds since the epoch. */
  readonly since: number
  /** A sentence; names what is wrong, or what is being done. Never a secret. */
  readonly detail: string
  /** Of a watch: whatever its stream misses is found again within this many milliseconds (the reconcile interval it keeps). */
  readonly repairWithinMs?: number
}

/** One watch of one space. No outage ends it. */
export interface SpaceWatch {
  readonly space: Space
  /** Ids of the providers that support the space, as far as they are told: of two files that they made under one name, one has part of such an id at its own. */
  readonly providers?: readonly string[]
  /**
   * Watches until the signal aborts, then resolves. Resumes from `cursor` where the source can. Rejects only for defects of our own
   * and for a failing `sink.push` (the sink's error).
   */
  run(
    input: { readonly cursor: Cursor | null; readonly needs: WatchNeeds; readonly sink: WatchSink },
    signal: AbortSignal,
  ): Promise<void>
  /** Resolves when there is somebody to ask and `read` would ask at once, so that what falls due until then is asked together. Rejects on abort only. Absent: always. */
  readable?(signal: AbortSignal): Promise<void>
  /** Looks at files afresh, grouped into as few requests as there can be. One answer per request, in any order. Never rejects but on abort. */
  read(requests: readonly ReadRequest[], signal: AbortSignal): Promise<readonly ReadAnswer[]>
  /** Lists everything again as soon as it can. */
  rescan(reason: string): void
  health(): PartHealth
}

/** Some bytes of a file, and how many it has in all. */
export interface ContentPart {
  readonly bytes: Uint8Array
  /** Bytes of the whole file. */
  readonly size: number
}

/** What tells one version of a file's content from another; null where the source did not tell. */
export interface FileVersion {
  readonly size: number | null
  /** Seconds since the epoch, whole. */
  readonly mtime: number | null
}

/** A storage that can be watched. */
export interface Source {
  /** Spaces that the token sees. Rejects with `SourceError`. */
  listSpaces(signal: AbortSignal): Promise<readonly Space[]>
  /**
   * Finds a space by name, id or `Name@id` and prepares its watch. Rejects with `SourceError` (`SOURCE_UNAUTHORIZED`, `SOURCE_SPACE_UNKNOWN`,
   * `SOURCE_UNREACHABLE`...); the caller decides what to do about it.
   */
  openSpace(space: string, signal: AbortSignal): Promise<SpaceWatch>
  /** What a file is at this moment; null when it is gone. Rejects with `SourceError`. */
  fileVersion(
    file: { readonly space: Space; readonly fileId: string; readonly path: string },
    signal: AbortSignal,
  ): Promise<FileVersion | null>
  /** Reads `length` bytes of a file from `start` on; fewer where it ends before. Rejects with `SourceError`. */
  readContent(
    file: { readonly space: Space; readonly fileId: string },
    range: { readonly start: number; readonly length: number },
    signal: AbortSignal,
  ): Promise<ContentPart>
  close(): Promise<void>
}
