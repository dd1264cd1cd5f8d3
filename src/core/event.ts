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

/** What can be told to a target: something about a file, or something about OneTrigger itself. */
export type Event = FileEvent | Notice

/** "This revision is complete", or "it stopped growing without becoming complete". */
export interface FileEvent {
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

/** What OneTrigger says about itself, by the names that `notices.events` takes. */
export const noticeTypes = [
  'target.unhealthy',
  'target.disabled',
  'delivery.dead',
  'file.stalled',
  'source.gap',
] as const

export type NoticeType = (typeof noticeTypes)[number]

/** OneTrigger's own event: something that a person or a monitor wants to know. Delivered like any other, with an id of its own. */
export interface Notice {
  readonly id: string
  readonly kind: 'notice'
  /** A stalled file has an event of its own kind, with all that is known of the file. */
  readonly type: Exclude<NoticeType, 'file.stalled'>
  /** What it is about: `target/gpu`, `delivery/dlv_…`, `source/datahub`, or the path of a file behind the name of its space. */
  readonly subject: string
  /** One sentence a person can read. */
  readonly message: string
  /** The same as data; never secrets. */
  readonly data: Readonly<Record<string, string | number>>
  /** When it happened, milliseconds since the epoch (wall clock). */
  readonly eventTime: number
}

/** Name of the trigger an event comes from; '' for a notice, which comes from none. */
export function triggerOf(event: Event): string {
  return event.kind === 'notice' ? '' : event.trigger
}

/**
 * What events are kept in order by: two of the same stream are never under way to one target at once. For files that is the trigger and the file;
 * notices about the same thing keep their order too.
 */
export function streamOf(event: Event): string {
  return event.kind === 'notice' ? `\n${event.subject}` : `${event.trigger}\n${event.fileId}`
}

/** What a person calls the thing an event is about: the path of the file, or the notice's subject. */
export function subjectOf(event: Event): string {
  return event.kind === 'notice' ? event.subject : event.path
}
