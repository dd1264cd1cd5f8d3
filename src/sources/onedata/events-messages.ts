import type { FileFacts, Observation } from '../../core/observation.ts'
import type { WatchNeeds } from '../../core/source.ts'
import type { DirectoryTree } from './directory-tree.ts'
import type { RawEvent } from './stream-items.ts'

/** What one event of the events stream comes to. */
export interface EventMeaning {
  readonly observations: readonly Observation[]
  /** A directory that is not watched yet. */
  readonly newDirectory?: { readonly fileId: string; readonly path: string }
  /** Why everything should be listed again. */
  readonly gap?: string
}

const nothing: EventMeaning = { observations: [] }

/** Attributes to observe: always named, for the provider's default is unusable. */
export function observedAttributes(needs: WatchNeeds): readonly string[] {
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
  if (payload === null || typeof payload.fileId !== 'string')
    return { observations: [], gap: 'an event could not be decoded' }
  const { fileId } = payload
  if (event.event === 'deleted') {
    if (tree.has(fileId)) return { observations: [], gap: 'a watched directory was deleted' }
    return { observations: [{ kind: 'gone', fileId, by: 'events' }] }
  }
  const attributes = objectOf(payload.attributes)
  const name = typeof attributes.name === 'string' ? attributes.name : null
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
  const { size, mtime, ctime, localReplicationRate, originProviderId } = attributes
  return {
    ...(typeof size === 'number' ? { size } : {}),
    ...(typeof mtime === 'number' ? { mtime } : {}),
    ...(typeof ctime === 'number' ? { ctime } : {}),
    ...(typeof localReplicationRate === 'number' ? { localRate: localReplicationRate } : {}),
    ...(typeof originProviderId === 'string' ? { atOrigin: originProviderId === providerId } : {}),
  }
}

/** An object out of JSON text; null for everything else. */
export function parse(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null
  } catch {
    return null
  }
}

export function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
