import type { FileFacts, Observation } from '../../core/observation.ts'
import type { Space, WatchNeeds } from '../../core/source.ts'
import { isObject } from '../../lib/is-object.ts'
import type { DirectoryTree } from './directory-tree.ts'
import type { RawEvent } from './stream-items.ts'
import { toldId, toldName, toldRate, toldSize, toldTime } from './told.ts'

/** What one event of the events stream comes to. */
export interface EventMeaning {
  readonly observations: readonly Observation[]
  /** A directory that is not watched yet. */
  readonly newDirectory?: { readonly fileId: string; readonly path: string }
  /** Why everything should be listed again. */
  readonly gap?: string
}

const nothing: EventMeaning = { observations: [] }

/** Asks for the events of these directories behind the one of this id; null = from now on. */
export function eventsRequest(
  space: Space,
  needs: WatchNeeds,
  { last, directories }: { readonly last: number | null; readonly directories: readonly string[] },
) {
  return {
    path: `/api/v3/oneprovider/spaces/${encodeURIComponent(space.id)}/events/files`,
    headers: { Accept: 'text/event-stream', ...(last === null ? {} : { 'Last-Event-Id': String(last) }) },
    body: { observedDirectories: directories, observedAttributes: observedAttributes(needs) },
  }
}

/** Attributes to observe: always named, for the provider's default is unusable. */
function observedAttributes(needs: WatchNeeds): readonly string[] {
  return [
    'name',
    'type',
    'size',
    'mtime',
    ...(needs.xattrs.length > 0 ? ['ctime'] : []),
    ...(needs.holes ? ['localReplicationRate', 'originProviderId'] : []),
  ]
}

/** Reads one event; values are live, keys may be missing, and what cannot be understood is a gap. */
export function readEvent(event: RawEvent, tree: DirectoryTree, providerId: string): EventMeaning {
  if (event.event === 'heartbeat') return nothing
  const payload = parse(event.data)
  const fileId = toldId(payload?.fileId)
  if (payload === null || fileId === null) return { observations: [], gap: 'an event could not be decoded' }
  if (event.event === 'deleted') {
    if (tree.has(fileId)) return { observations: [], gap: 'a watched directory was deleted' }
    return { observations: [{ kind: 'gone', fileId, by: 'events' }] }
  }
  const attributes = objectOf(payload.attributes)
  const name = toldName(attributes.name)
  const parentId = typeof payload.parentFileId === 'string' ? payload.parentFileId : ''
  if (tree.has(fileId)) return renamed(tree, fileId, parentId, name)
  if (attributes.type === 'DIR') return newDirectory(fileId, tree.child(parentId, name))
  if (typeof attributes.type === 'string' && attributes.type !== 'REG') {
    return { observations: [{ kind: 'notAFile', fileId }] }
  }
  const dir = tree.path(parentId) ?? null
  return { observations: [{ kind: 'file', fileId, dir, name, facts: factsOf(attributes, providerId), by: 'events' }] }
}

function newDirectory(fileId: string, path: string | null): EventMeaning {
  const observations: Observation[] = [{ kind: 'notAFile', fileId }]
  return path === null
    ? { observations, gap: 'a directory without a name' }
    : { observations, newDirectory: { fileId, path } }
}

function renamed(tree: DirectoryTree, fileId: string, parentId: string, name: string | null): EventMeaning {
  const path = tree.child(parentId, name)
  return path === null || path === tree.path(fileId)
    ? nothing
    : { observations: [], gap: 'a watched directory was renamed' }
}

function factsOf(attributes: Readonly<Record<string, unknown>>, providerId: string): FileFacts {
  const { originProviderId } = attributes
  const localRate = toldRate(attributes.localReplicationRate)
  return {
    ...toldContent(attributes.size, attributes),
    ...(localRate === null ? {} : { localRate }),
    ...(typeof originProviderId === 'string' ? { atOrigin: originProviderId === providerId } : {}),
  }
}

/** Size and times, as far as they are told. */
export function toldContent(
  givenSize: unknown,
  times: Readonly<Record<string, unknown>>,
): Pick<FileFacts, 'size' | 'mtime' | 'ctime'> {
  const [size, mtime, ctime] = [toldSize(givenSize), toldTime(times.mtime), toldTime(times.ctime)]
  return {
    ...(size === null ? {} : { size }),
    ...(mtime === null ? {} : { mtime }),
    ...(ctime === null ? {} : { ctime }),
  }
}

/** An object out of JSON text; null for everything else. */
export function parse(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

export function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
