import { SourceError } from '../../core/errors.ts'
import type { FileSeen, Observation } from '../../core/observation.ts'
import { isInside } from '../../core/observation.ts'
import type { Space, WatchNeeds, WatchSink } from '../../core/source.ts'
import type { SourceDeps } from '../define.ts'
import type { ListedEntry, Provider } from './provider.ts'

/** What a listing told besides the files. */
export interface ScanResult {
  /** Directories found, the folders themselves too: id -> path inside the space. */
  readonly directories: ReadonlyMap<string, string>
  /** Folders that do not exist. */
  readonly missing: readonly string[]
  /** Directories that could not be read. */
  readonly unreadable: readonly string[]
}

/** Told of the directories of each page before what else it has is handed over: a directory that was moved has its new path from then on. */
export type OnDirectories = (directories: ReadonlyMap<string, string>) => void

/** Lists all folders of a watch, from beginning to end, and hands what it finds to the sink. */
export class Scanner {
  readonly #space: Space
  readonly #needs: WatchNeeds
  readonly #sink: WatchSink
  readonly #deps: SourceDeps
  /** Ids of the space's root, by provider: it has the same one for ever. */
  readonly #rootIds = new Map<string, string>()
  #number = 0
  /** The sink has taken a beginning in: it knows the provider's time as of then, and needs no later one. */
  #hasBegun = false
  #saidMissingAt = Number.NEGATIVE_INFINITY

  constructor(space: Space, needs: WatchNeeds, sink: WatchSink, deps: SourceDeps) {
    this.#space = space
    this.#needs = needs
    this.#sink = sink
    this.#deps = deps
  }

  /** Rejects with `SourceError` when broken off; the sink is told so before. */
  async scan(provider: Provider, signal: AbortSignal, onDirectories: OnDirectories = () => {}): Promise<ScanResult> {
    this.#number += 1
    const scan = this.#number
    const serverTimeMs = this.#hasBegun ? null : await provider.serverTime(signal)
    await this.#sink.push({ observations: [], scan, mark: { kind: 'begin', scan, serverTimeMs } })
    this.#hasBegun = true
    const directories = new Map<string, string>()
    const unreadable: string[] = []
    const missing: string[] = []
    try {
      for (const folder of outermost(this.#needs.folders)) {
        const exists = await this.#folder(provider, folder, { scan, directories, unreadable, onDirectories }, signal)
        if (!exists) missing.push(folder)
      }
    } catch (error) {
      if (!signal.aborted)
        await this.#sink.push({ observations: [], mark: { kind: 'end', scan, complete: false, unreadable } })
      throw error
    }
    this.#sayMissing(missing)
    await this.#sink.push({ observations: [], mark: { kind: 'end', scan, complete: true, unreadable } })
    return { directories, missing, unreadable }
  }

  /**
   * Lists one directory's children, that are new to the watch; gives the directories among them, none where it is gone again. Rejects with
   * `SourceError`.
   */
  async directory(
    provider: Provider,
    directory: { readonly fileId: string; readonly path: string },
    signal: AbortSignal,
  ) {
    const found = new Map<string, string>()
    for await (const page of provider.listDirectory(this.#space, directory, this.#listOptions(), signal)) {
      collectDirectories(page.entries, found)
      await this.#sink.push({ observations: page.entries.flatMap(toObservation) })
    }
    return found
  }

  async #folder(
    provider: Provider,
    folder: string,
    into: { scan: number; directories: Map<string, string>; unreadable: string[]; onDirectories: OnDirectories },
    signal: AbortSignal,
  ): Promise<boolean> {
    const pages = await provider.list(this.#space, folder, this.#listOptions(), signal)
    if (pages === null) return false
    const rootId = pages.rootId ?? (await this.#rootId(provider, folder, signal))
    if (rootId !== null) into.directories.set(rootId, folder)
    for await (const { entries, unreadable } of pages) {
      const directories = new Map<string, string>()
      collectDirectories(entries, directories)
      for (const [fileId, path] of directories) into.directories.set(fileId, path)
      into.onDirectories(directories)
      into.unreadable.push(...unreadable)
      await this.#sink.push({ observations: entries.flatMap(toObservation), scan: into.scan })
    }
    return true
  }

  async #rootId(provider: Provider, folder: string, signal: AbortSignal): Promise<string | null> {
    const known = folder === '' ? this.#rootIds.get(provider.id) : undefined
    const fileId = known ?? (await this.#directoryId(provider, folder, signal))
    if (folder === '' && fileId !== null) this.#rootIds.set(provider.id, fileId)
    return fileId
  }

  /** One folder that nobody lets through to leaves the others alone. */
  async #directoryId(provider: Provider, folder: string, signal: AbortSignal): Promise<string | null> {
    try {
      return await provider.directoryId(this.#space, folder, signal)
    } catch (error) {
      if (error instanceof SourceError && error.code === 'SOURCE_FORBIDDEN' && this.#needs.folders.length > 1)
        return null
      throw error
    }
  }

  #listOptions() {
    return { needs: this.#needs, known: (fileIds: readonly string[]) => this.#sink.known(fileIds) }
  }

  #sayMissing(missing: readonly string[]): void {
    const now = this.#deps.clock.now()
    if (missing.length === 0 || now - this.#saidMissingAt < 60_000) return
    this.#saidMissingAt = now
    this.#deps.log.info({ space: this.#space.name, folders: missing }, 'the folder does not exist; waiting for it')
  }
}

function toObservation(entry: ListedEntry): Observation[] {
  if (entry.type !== 'file') return []
  const seen: FileSeen = {
    kind: 'file',
    fileId: entry.fileId,
    dir: entry.dir,
    name: entry.name,
    facts: entry.facts,
    by: 'scan',
  }
  return [seen]
}

function collectDirectories(entries: readonly ListedEntry[], into: Map<string, string>): void {
  for (const { type, fileId, dir, name } of entries) {
    if (type === 'directory') into.set(fileId, dir === '' ? name : `${dir}/${name}`)
  }
}

/** A folder inside another one is listed with that. */
function outermost(folders: readonly string[]): string[] {
  return folders.filter((folder) => !folders.some((other) => other !== folder && isInside(folder, other)))
}
