import type { FileFacts } from '../../core/observation.ts'
import type { KnownFile, ReadAnswer, ReadRequest, Space, WatchNeeds } from '../../core/source.ts'
import type { Network, Peer } from '../../lib/network.ts'

/** One entry of a listing. */
export interface ListedEntry {
  readonly fileId: string
  /** Path of its directory inside the space; '' is the space itself. */
  readonly dir: string
  readonly name: string
  readonly type: 'file' | 'directory' | 'other'
  /** Empty where the provider tells attributes only file by file and nobody asked for this one's. */
  readonly facts: FileFacts
}

/** A page of a listing, in the provider's order. */
export interface ListedPage {
  readonly entries: readonly ListedEntry[]
  /** Directories (paths inside the space) that could not be read. */
  readonly unreadable: readonly string[]
}

/** The pages of a folder and of everything below it. */
export interface FolderListing extends AsyncIterable<ListedPage> {
  /** Id of the folder itself, as streams know it; null where finding it takes a request of its own (`directoryId`). */
  readonly rootId: string | null
}

export interface ListOptions {
  readonly needs: Pick<WatchNeeds, 'holes' | 'xattrs'>
  /** What is known already: where attributes cost a request per file, unknown and pending ones are read first, others in turn within the budget. */
  readonly known: (fileIds: readonly string[]) => Promise<ReadonlyMap<string, KnownFile>>
}

/** How requests reach the provider; streams open their own connections with it. */
export interface Connection extends Peer {
  readonly network: Network
  /** The token of this moment; after a 401 `refresh` reads it again from where it comes. */
  token(): string
  refreshToken(): string
}

/** One Oneprovider, probed: everything that asks it for something once, whatever its version. Streams stand beside it. */
export interface Provider {
  readonly id: string
  readonly version: string
  readonly connection: Connection
  /** Whether `POST /spaces/{sid}/events/files` is there (DESIGN 4: by asking, never by version). */
  hasEvents(spaceId: string, signal: AbortSignal): Promise<boolean>
  /** Whether the changes stream may be read with this token. */
  hasChanges(spaceId: string, signal: AbortSignal): Promise<boolean>
  /** The provider's own time, from an answer's `Date`; milliseconds since the epoch, null where it sends none. */
  serverTime(signal: AbortSignal): Promise<number | null>
  /** Id of a directory by its path inside the space ('' = the space's root); null where there is none. */
  directoryId(space: Space, path: string, signal: AbortSignal): Promise<string | null>
  /** Lists a folder and everything below it. Null where the folder does not exist. Rejects with `SourceError` when broken off. */
  list(space: Space, folder: string, options: ListOptions, signal: AbortSignal): Promise<FolderListing | null>
  /** Lists the direct children of one directory (a new one, say). */
  listDirectory(
    space: Space,
    directory: { readonly fileId: string; readonly path: string },
    options: ListOptions,
    signal: AbortSignal,
  ): AsyncIterable<ListedPage>
  /** See `SpaceWatch.readable`. */
  readable(signal: AbortSignal): Promise<void>
  /** See `SpaceWatch.read`. */
  read(space: Space, requests: readonly ReadRequest[], signal: AbortSignal): Promise<readonly ReadAnswer[]>
  close(): Promise<void>
}
