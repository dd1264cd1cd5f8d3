import type { FileFacts } from '../../core/observation.ts'
import type { WatchNeeds } from '../../core/source.ts'
import { boundedXattr } from './bounded-xattr.ts'
import type { ListedEntry } from './provider.ts'
import { toldId, toldName, toldRate, toldSize, toldText, toldTime } from './told.ts'
import type { Dialect } from './versions.ts'

/** What a provider said of one file, whatever names it used. */
export interface Attributes {
  readonly fileId: string | null
  readonly name: string | null
  /** As it stood: relative to what was listed, or `/Space/dir/name`. */
  readonly path: string | null
  readonly type: ListedEntry['type'] | null
  readonly facts: FileFacts
}

export type AttributeNeeds = Pick<WatchNeeds, 'holes' | 'xattrs'>

/**
 * The query that asks for them. From 21.02.5 on current names (`attributes=`), before that the deprecated ones, which know neither
 * extended attributes nor holes. Whoever names attributes must name the id too.
 */
export function attributeQuery(
  dialect: Dialect,
  place: readonly ('name' | 'path')[],
  needs: AttributeNeeds,
): readonly (readonly [string, string])[] {
  if (dialect.attributes === 'deprecated') {
    return ['file_id', ...place, 'type', 'size', 'mtime', 'ctime', 'provider_id'].map((name) => ['attribute', name])
  }
  const names = ['fileId', ...place, 'type', 'size', 'mtime', 'ctime']
  if (needs.holes) names.push('localReplicationRate', 'originProviderId')
  return [...names, ...needs.xattrs.map((name) => `xattr.${name}`)].map((name) => ['attributes', name])
}

/** Reads one reply or one entry of a listing; a key of the wrong type, or with a value that cannot be, counts as not told. */
export function readAttributes(
  raw: Readonly<Record<string, unknown>>,
  context: { readonly providerId: string; readonly xattrs: readonly string[] },
): Attributes {
  const size = toldSize(raw.size)
  const mtime = toldTime(raw.mtime)
  const ctime = toldTime(raw.ctime)
  const localRate = toldRate(raw.localReplicationRate)
  const origin = toldText(raw.originProviderId) ?? toldText(raw.provider_id)
  const xattrs = xattrsOf(raw, context.xattrs)
  return {
    fileId: toldId(raw.fileId) ?? toldId(raw.file_id) ?? toldId(raw.id),
    name: toldName(raw.name),
    path: toldText(raw.path),
    type: typeOf(raw.type),
    facts: {
      ...(size === null ? {} : { size }),
      ...(mtime === null ? {} : { mtime }),
      ...(ctime === null ? {} : { ctime }),
      ...(localRate === null ? {} : { localRate }),
      ...(origin === null ? {} : { atOrigin: origin === context.providerId }),
      ...(xattrs === null ? {} : { xattrs }),
    },
  }
}

/** `REG` and `DIR`, in lower case before 21.02; a hard link shows as `REG`. Links and whatever else may come never fire. */
function typeOf(value: unknown): ListedEntry['type'] | null {
  if (typeof value !== 'string') return null
  const type = value.toUpperCase()
  if (type === 'REG') return 'file'
  return type === 'DIR' ? 'directory' : 'other'
}

function xattrsOf(raw: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> | null {
  const told = names.filter((name) => Object.hasOwn(raw, `xattr.${name}`))
  return told.length === 0 ? null : Object.fromEntries(told.map((name) => [name, boundedXattr(raw[`xattr.${name}`])]))
}
