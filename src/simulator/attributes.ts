import { notAllowed } from './api-error.ts'
import type { Params } from './exchange.ts'
import { type FileNode, pathOf } from './model/file-node.ts'
import { localRate } from './model/space-model.ts'
import type { SpaceTree } from './model/space-tree.ts'
import type { ProviderState } from './provider-state.ts'

/** What an attribute is read from. */
export interface AttributeSource {
  readonly node: FileNode
  readonly tree: SpaceTree
  readonly state: ProviderState
  /** Path to show, where it is not the usual one (relative in recursive listings). */
  readonly path?: string
}

type Read = (source: AttributeSource) => unknown

const current: Readonly<Record<string, Read>> = {
  fileId: ({ node }) => node.fileId,
  index: ({ node }) => indexOf(node.displayName),
  type: ({ node }) => node.type,
  activePermissionsType: () => 'posix',
  posixPermissions: ({ node }) => octal(node.mode, 3),
  acl: () => [],
  name: ({ node }) => node.displayName,
  conflictingName: ({ node }) => (node.displayName === node.name ? null : node.name),
  path: ({ node, tree, path }) => path ?? fullPath(node, tree),
  parentFileId: ({ node }) => node.parent?.fileId ?? null,
  displayGid: () => 1001,
  displayUid: () => 1001,
  creationTime: ({ node }) => node.creationTime,
  atime: ({ node }) => node.atime,
  mtime: ({ node }) => node.mtime,
  ctime: ({ node }) => node.ctime,
  size: ({ node }) => (node.type === 'DIR' ? null : node.size),
  isFullyReplicatedLocally: ({ node, tree }) => (node.type === 'REG' ? localRate(node, tree.providerId) === 1 : null),
  localReplicationRate: ({ node, tree }) => (node.type === 'REG' ? localRate(node, tree.providerId) : null),
  originProviderId: ({ node }) => node.originProviderId,
  directShareIds: () => [],
  ownerUserId: ({ node }) => node.ownerId,
  hardlinkCount: ({ node }) => (node.type === 'REG' ? 1 : null),
  symlinkValue: ({ node }) => node.symlinkValue,
  hasCustomMetadata: ({ node }) => node.custom !== null,
  effProtectionFlags: () => [],
  effDatasetProtectionFlags: () => [],
  effDatasetInheritancePath: () => 'none',
  effQosInheritancePath: () => 'none',
  aggregateQosStatus: () => null,
  archiveRecallRootFileId: () => null,
}

/** Older names, and what they are called now. */
const deprecated: Readonly<Record<string, string>> = {
  file_id: 'fileId',
  name: 'name',
  mode: 'posixPermissions',
  parent_id: 'parentFileId',
  storage_user_id: 'displayUid',
  storage_group_id: 'displayGid',
  atime: 'atime',
  mtime: 'mtime',
  ctime: 'ctime',
  type: 'type',
  size: 'size',
  shares: 'directShareIds',
  provider_id: 'originProviderId',
  owner_id: 'ownerUserId',
  hardlinks_count: 'hardlinkCount',
  index: 'index',
}

const laterThan2002 = new Set(['parent_id', 'index', 'hardlinks_count'])
const oldTypes: Readonly<Record<string, string>> = { REG: 'reg', DIR: 'dir', SYMLNK: 'lnk' }

/** Which attributes were asked for: by current names, by deprecated ones, or by none. */
export interface Selection {
  readonly names: readonly string[]
  readonly generation: 'current' | 'deprecated'
}

/** Attributes that come without asking: both generations from 21.02.5 on. */
export function defaultAttributes(source: AttributeSource): Record<string, unknown> {
  const { generation } = source.state
  const old = pickDeprecated(source, deprecatedNames(source.state))
  if (generation.attributes !== 'current') return old
  return { ...old, ...pickCurrent(source, new Set(Object.values(deprecated))) }
}

/** Reads `attributes` or `attribute` of a request; null where neither is there. Throws 400 `badValueNotAllowed`. */
export function selectionOf(state: ProviderState, params: Params, withPath = false): Selection | null {
  const wanted = state.generation.attributes === 'current' ? params.list('attributes') : null
  if (wanted !== null) return { generation: 'current', names: checked(wanted, currentNames(state), 'attributes') }
  const old = params.list('attribute')
  if (old === null) return null
  const allowed = [...deprecatedNames(state), ...(withPath ? ['path'] : [])]
  const names = state.generation.attributes === 'one' ? old.slice(-1) : old
  return { generation: 'deprecated', names: checked(names, allowed, 'attribute') }
}

/** The attributes asked for, under the names they were asked by. */
export function pickAttributes(source: AttributeSource, selection: Selection): Record<string, unknown> {
  return selection.generation === 'current'
    ? pickCurrent(source, selection.names)
    : pickDeprecated(source, selection.names)
}

/** Whether more is asked for than what a directory itself knows of its entries. */
export function needsMoreThanNames(selection: Selection | null): boolean {
  return selection?.names.some((name) => !['fileId', 'file_id', 'name'].includes(name)) === true
}

/** Attributes by current names, of one document: what streams of events tell. */
export function pickCurrent(source: AttributeSource, names: Iterable<string>): Record<string, unknown> {
  const picked: Record<string, unknown> = {}
  for (const name of names) {
    const read = current[name]
    if (read !== undefined) {
      if (name !== 'creationTime' || source.state.generation.hasCreationTime) picked[name] = read(source)
    } else if (name.startsWith('xattr.')) picked[name] = source.node.custom?.xattrs[name.slice(6)] ?? null
  }
  return picked
}

/** `/Space/dir/name` */
export function fullPath(node: FileNode, tree: SpaceTree): string {
  const inside = pathOf(node)
  return inside === '' ? `/${tree.space.name}` : `/${tree.space.name}/${inside}`
}

/** An entry's place in a listing, as an opaque text; names themselves will do as well. */
export function indexOf(name: string): string {
  return `${indexPrefix}${Buffer.from(name).toString('base64url')}`
}

/** The name that an index stands for. */
export function nameOfIndex(index: string): string {
  if (!index.startsWith(indexPrefix)) return index
  return Buffer.from(index.slice(indexPrefix.length), 'base64url').toString()
}

const indexPrefix = 'g2gE'

function octal(mode: number, digits: number): string {
  return (mode & 0o777).toString(8).padStart(digits, '0')
}

function pickDeprecated(source: AttributeSource, names: readonly string[]): Record<string, unknown> {
  const old = source.state.generation.oldSpelling
  return Object.fromEntries(names.map((name) => [name, deprecatedValue(source, name, old)]))
}

function deprecatedValue(source: AttributeSource, name: string, old: boolean): unknown {
  if (old && name === 'type') return oldTypes[source.node.type]
  if (old && name === 'mode') return octal(source.node.mode, 4)
  return current[deprecated[name] ?? name]?.(source)
}

function currentNames(state: ProviderState): readonly string[] {
  return Object.keys(current).filter((name) => name !== 'creationTime' || state.generation.hasCreationTime)
}

function deprecatedNames(state: ProviderState): readonly string[] {
  const names = Object.keys(deprecated)
  return state.generation.oldSpelling ? names.filter((name) => !laterThan2002.has(name)) : names
}

function checked(
  wanted: readonly string[],
  allowed: readonly string[],
  key: 'attribute' | 'attributes',
): readonly string[] {
  const fine = (name: string) => allowed.includes(name) || (key === 'attributes' && /^xattr\../.test(name))
  if (!wanted.every(fine)) throw notAllowed(key, key === 'attributes' ? [...allowed, 'xattr.*'] : allowed)
  return wanted
}
