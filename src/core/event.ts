/** The rungs of the evidence ladder, highest first, and `baseline`: known from before the watch began, never fired. */
export type Rung = 'marker' | 'xattr' | 'declared' | 'rename' | 'quiet' | 'empty' | 'stalled' | 'baseline'

/** Why a file counts as complete. */
export interface Evidence {
  readonly rung: Rung
  /** One sentence a person can read: what was seen. */
  readonly because: string
  /** Milliseconds since the last observed change. */
  readonly quietMs: number
  /** When the last change was observed, milliseconds since the epoch. */
  readonly lastChangeAt: number
  /** The checksum that the uploader declared, as it stood. */
  readonly checksum?: string
}

/** "This revision is complete", or "it stopped growing without becoming complete". */
export interface Event {
  readonly id: string
  readonly kind: 'complete' | 'stalled'
  readonly trigger: string
  /** Name of the source. */
  readonly source: string
  readonly space: { readonly id: string; readonly name: string }
  readonly fileId: string
  /** Path inside the space, without leading slash. */
  readonly path: string
  /** Bytes. */
  readonly size: number
  /** Seconds since the epoch, whole. */
  readonly mtime: number
  readonly evidence: Evidence
  /** When the verdict was reached, milliseconds since the epoch (wall clock). Fixed: retries and replays carry the same. */
  readonly eventTime: number
  /** Id of the event of the revision that this one replaces. */
  readonly supersedes?: string
}
