/** When a file counts as complete; every duration in milliseconds. */
export interface CompletionPolicy {
  /** Size and mtime must not have changed for this long. */
  readonly stableForMs: number
  /** After this long without a change, an upload that still lacks its evidence is stalled. */
  readonly stalledAfterMs: number
  /** A sibling's name with `{name}` in it, e.g. `{name}.done`; null = no marker is asked for. */
  readonly marker: string | null
  /** An extended attribute that marks completion, with the value it must have (null = any); null = none is asked for. */
  readonly xattr: { readonly key: string; readonly value: string | null } | null
  /** Extended attribute that holds the size the uploader declared. */
  readonly declaredSize: string | null
  /** Extended attribute that holds a checksum; recorded in the event, never verified here. */
  readonly checksum: string | null
  /** Globs on names that are never complete; the built-in ones are in the list already. */
  readonly ignore: readonly string[]
  /** What bytes that are missing on the file's own provider mean. */
  readonly holes: 'veto' | 'ignore'
  /** After this long the distribution decides about holes. */
  readonly vetoForMs: number
  /** One request more per file: CDMI's own word on uploads. */
  readonly cdmi: boolean
  readonly emptyFiles: 'hold' | 'fire' | 'ignore'
}

/** What happens to files that are there before the first start. */
export type ExistingPolicy =
  | { readonly kind: 'ignore' }
  | { readonly kind: 'fire' }
  /** Files with changes at or after this time (milliseconds since the epoch) fire. */
  | { readonly kind: 'since'; readonly timeMs: number }

/** A named rule: where to watch, when a file is complete, which targets to tell. */
export interface Trigger {
  readonly name: string
  /** Name of the source. */
  readonly source: string
  /** The space as configured: name, id or `Name@id`. */
  readonly space: string
  /** Folder inside the space, without slashes at the ends; '' is the whole space. */
  readonly folder: string
  /** Globs on the path below the folder, or on the name where the glob has no slash. Empty = everything. */
  readonly include: readonly string[]
  readonly exclude: readonly string[]
  readonly completion: CompletionPolicy
  readonly revisions: 'each' | 'once'
  readonly existing: ExistingPolicy
  /** Names of the targets that are told of complete files. */
  readonly deliver: readonly string[]
  /** Names of the targets that are told of stalled files. */
  readonly deliverStalled: readonly string[]
}
