import { type FileState, isPending, type Phase } from '../../core/file-state.ts'
import type { Commit } from '../store.ts'
import { keepMs } from './archive.ts'
import { FileCache, type KnownFile } from './file-cache.ts'
import { decodeFile, encodeFile } from './file-codec.ts'
import { compareKeys, fileKey, filesPartition, nameKey } from './keys.ts'
import { type Mirror, pendingName, type StoredRow } from './mirror.ts'
import type { Op } from './shelf.ts'
import type { Unit } from './units.ts'
import type { Wire } from './wire.ts'

/** A trigger's files are held in memory once they are all asked for, unless there are more. */
const mostCached = 50_000
/** Asking for more ids than one request takes, all are read: that takes fewer requests as long as they are not very many. */
const fewIds = 100

/**
 * Files, pending ones in the mirror and those that are decided upon in a partition for each trigger. A file that is pending again leaves its old state there
 * until it is decided upon: the mirror counts first.
 */
export class Files {
  readonly #wire: Wire
  /** Only a process that alone writes may remember; by partition; null = too many. */
  readonly #cache: Map<string, FileCache | null> | null

  constructor(wire: Wire, isAlone: boolean) {
    this.#wire = wire
    this.#cache = isAlone ? new Map() : null
  }

  /** What was remembered may be wrong. */
  forget(): void {
    this.#cache?.clear()
  }

  /** What has become durable. */
  apply(op: Op): void {
    const { pk, sk } = op.kind === 'put' ? op.row : op.key
    const cached = this.#cache?.get(pk)
    if (cached === undefined || cached === null) return
    if (op.kind === 'put') cached.set(sk, decode(op.row))
    else cached.delete(sk)
    if (cached.size > mostCached) this.#cache?.set(pk, null)
  }

  /** The writes for new states: first that the trigger is known here. */
  put(mirror: Mirror, states: readonly FileState[], now: number): readonly Unit[] {
    const triggers = [...new Set(states.map(({ trigger }) => trigger))]
    return [
      ...triggers.map((name) => (mirror.triggers.get(name) ? [] : mirror.triggers.put(name, { name, baseline: null }))),
      ...states.map((state) => this.move(mirror, state, now)),
    ]
  }

  /** The write for one new state, and what it replaces. */
  move(mirror: Mirror, state: FileState, now: number): Unit {
    const name = pendingName(state.trigger, state.fileId)
    if (isPending(state)) return mirror.pending.put(name, state)
    const key = fileKey(state.trigger, state.fileId)
    const before = this.#cache?.get(key.pk)?.get(key.sk)
    const isNews =
      before === undefined || mirror.pending.get(name) !== undefined || encodeFile(before) !== encodeFile(state)
    if (!isNews) return []
    const row = { ...key, data: `${now} ${encodeFile(state)}` }
    const ttl = state.phase === 'gone' ? { ttl: Math.ceil((now + keepMs) / 1_000) } : {}
    return [{ kind: 'put', row: { ...row, ...ttl } }, ...mirror.pending.drop(name)]
  }

  /** Whether the mirror holds all files in these phases. */
  static areInMirror(phases: readonly Phase[]): boolean {
    return phases.every((phase) => isPending({ phase }))
  }

  /** Files that have been gone since before this time. */
  async prune(mirror: Mirror, before: number): Promise<readonly Unit[]> {
    const units: Unit[] = []
    for (const { name } of mirror.triggers.values()) {
      for await (const known of this.known(name)) {
        const old = known.filter(
          ({ state, at }) => state.phase === 'gone' && at < before && !isPendingAgain(mirror, state),
        )
        units.push(...old.map(({ state }) => [{ kind: 'delete', key: fileKey(name, state.fileId) } as const]))
      }
    }
    return units
  }

  remove(mirror: Mirror, { trigger, fileId }: Commit['forget'][number]): Unit {
    const key = fileKey(trigger, fileId)
    const cached = this.#cache?.get(key.pk)
    const isAbsent = cached !== undefined && cached !== null && cached.get(key.sk) === undefined
    return [
      ...mirror.pending.drop(pendingName(trigger, fileId)),
      ...(isAbsent ? [] : [{ kind: 'delete', key } as const]),
    ]
  }

  async byId(mirror: Mirror, trigger: string, fileIds: readonly string[]): Promise<ReadonlyMap<string, FileState>> {
    const found = new Map<string, FileState>()
    const wanted: string[] = []
    for (const fileId of new Set(fileIds)) {
      const pending = mirror.pending.get(pendingName(trigger, fileId))
      if (pending === undefined) wanted.push(fileId)
      else found.set(fileId, pending)
    }
    for (const state of await this.#known(trigger, wanted)) found.set(state.fileId, state)
    return found
  }

  async byPath(mirror: Mirror, trigger: string, paths: readonly string[]): Promise<readonly FileState[]> {
    const wanted = new Set(paths)
    const isWanted = ({ path }: FileState) => path !== null && wanted.has(path)
    const pending = pendingOf(mirror, trigger)
    const found = pending.filter(isWanted)
    for await (const states of this.#all(trigger)) {
      found.push(...states.filter((state) => isWanted(state) && !isPendingAgain(mirror, state)))
    }
    return found.toSorted((a, b) => Number(a.phase === 'gone') - Number(b.phase === 'gone'))
  }

  async page(
    mirror: Mirror,
    trigger: string,
    phases: readonly Phase[],
    after: string | null,
    limit: number,
  ): Promise<readonly FileState[]> {
    const behind = after === null ? null : nameKey(after)
    const isMeant = ({ phase, fileId }: FileState) =>
      phases.includes(phase) && (behind === null || compareKeys(nameKey(fileId), behind) > 0)
    const pending = pendingOf(mirror, trigger).filter(isMeant)
    const known = Files.areInMirror(phases) ? [] : await this.#knownBehind(mirror, trigger, isMeant, behind, limit)
    return [...pending, ...known]
      .map((state) => ({ state, key: Buffer.from(nameKey(state.fileId)) }))
      .toSorted((a, b) => Buffer.compare(a.key, b.key))
      .slice(0, limit)
      .map(({ state }) => state)
  }

  /** Everything that is decided upon for a trigger, with the time it was written. */
  async *known(trigger: string): AsyncGenerator<readonly KnownFile[]> {
    for await (const rows of this.#wire.rows(filesPartition(trigger))) yield rows.map(decode)
  }

  /** Reads all of a trigger's files into memory, unless there are too many. In turn with the writes. */
  async remember(trigger: string): Promise<void> {
    const partition = filesPartition(trigger)
    if (this.#cache === null || this.#cache.has(partition)) return
    const read = new FileCache()
    for await (const rows of this.#wire.rows(partition)) {
      for (const row of rows) read.set(row.sk, decode(row))
      if (read.size > mostCached) break
    }
    this.#cache.set(partition, read.size > mostCached ? null : read)
  }

  /** Whether asking for these would better be answered from memory. */
  isWorthRemembering(trigger: string, fileIds: readonly string[] | null): boolean {
    if (this.#cache === null || this.#cache.has(filesPartition(trigger))) return false
    return fileIds === null || fileIds.length > fewIds
  }

  async #known(trigger: string, fileIds: readonly string[]): Promise<readonly FileState[]> {
    if (fileIds.length === 0) return []
    const keys = fileIds.map((fileId) => fileKey(trigger, fileId))
    const cached = this.#cache?.get(filesPartition(trigger))
    if (cached !== undefined && cached !== null) return keys.flatMap(({ sk }) => cached.get(sk) ?? [])
    return (await this.#wire.get(keys)).map((row) => decode(row).state)
  }

  async *#all(trigger: string): AsyncGenerator<readonly FileState[]> {
    const cached = this.#cache?.get(filesPartition(trigger))
    if (cached !== undefined && cached !== null) yield cached.states()
    else for await (const files of this.known(trigger)) yield files.map(({ state }) => state)
  }

  /** The first that are meant behind a sort key. */
  async #knownBehind(
    mirror: Mirror,
    trigger: string,
    isMeant: (state: FileState) => boolean,
    behind: string | null,
    limit: number,
  ): Promise<readonly FileState[]> {
    const partition = filesPartition(trigger)
    const isCurrent = (state: FileState) => isMeant(state) && !isPendingAgain(mirror, state)
    const cached = this.#cache?.get(partition)
    if (cached !== undefined && cached !== null) return [...cached.behind(behind).filter(isCurrent).take(limit)]
    const found: FileState[] = []
    for (let after = behind; found.length < limit; ) {
      const { rows, next } = await this.#wire.page(partition, after, limit)
      found.push(...rows.map((row) => decode(row).state).filter(isCurrent))
      if (next === null) break
      after = next
    }
    return found
  }
}

function pendingOf(mirror: Mirror, trigger: string): FileState[] {
  return mirror.pending.values().filter((state) => state.trigger === trigger)
}

function isPendingAgain(mirror: Mirror, { trigger, fileId }: FileState): boolean {
  return mirror.pending.get(pendingName(trigger, fileId)) !== undefined
}

/** What `move` wrote. */
function decode({ data }: Pick<StoredRow, 'data'>): KnownFile {
  const end = data.indexOf(' ')
  return { at: Number(data.slice(0, end)), state: decodeFile(data.slice(end + 1)) }
}
