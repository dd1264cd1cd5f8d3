/** A release of Oneprovider, for comparison only. */
export interface Version {
  readonly text: string
  /** `21.02.8-rc1` is [21, 2, 8]. */
  readonly parts: readonly number[]
}

/** Reads `21.02.8`, `25.0`, `21.02.0-alpha17`; what is no number counts as 0. */
export function parseVersion(text: string): Version {
  const numbers = text.split('-')[0] ?? ''
  return { text, parts: numbers.split('.').map((part) => Number.parseInt(part, 10) || 0) }
}

/** Negative where `a` is older than `b`, 0 where they are the same. */
export function compareVersions(a: Version, b: Version): number {
  for (const index of [0, 1, 2]) {
    const difference = (a.parts[index] ?? 0) - (b.parts[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/**
 * How a folder is listed:
 * recursive  one listing of the whole tree, with attributes
 * children   one listing per directory, with attributes
 * bare       one listing per directory, ids and names only: attributes cost a request per file
 * paths      18.02's and 19.02's path API; attributes cost a request per file
 */
export type ListingWay = 'recursive' | 'children' | 'bare' | 'paths'

/** What a version can do (reference, section 4). Where an answer shows otherwise, the provider falls back. */
export interface Dialect {
  /** The best way first; each later one is a fallback. */
  readonly listings: readonly ListingWay[]
  /** Most entries one page may hold. */
  readonly pageLimit: number
  /** current: names of 21.02.5+, `xattr.NAME` and `localReplicationRate` among them; deprecated: the older names, all of them where one file is read. */
  readonly attributes: 'current' | 'deprecated'
  /** How one file's attributes are read. */
  readonly readBy: 'id' | 'metadataId' | 'path'
  /** Whether `GET /data/{id}/distribution` and `/metadata/xattrs` are there. */
  readonly hasDataRoutes: boolean
}

const steps: readonly (readonly [from: string, dialect: Dialect])[] = [
  [
    '21.02.5',
    {
      listings: ['recursive', 'children'],
      pageLimit: 10_000,
      attributes: 'current',
      readBy: 'id',
      hasDataRoutes: true,
    },
  ],
  [
    '21.02.4',
    {
      listings: ['recursive', 'children'],
      pageLimit: 10_000,
      attributes: 'deprecated',
      readBy: 'id',
      hasDataRoutes: true,
    },
  ],
  [
    '21.02.0',
    {
      listings: ['recursive', 'children', 'bare'],
      pageLimit: 1_000,
      attributes: 'deprecated',
      readBy: 'id',
      hasDataRoutes: true,
    },
  ],
  [
    '20.02.1',
    { listings: ['bare', 'paths'], pageLimit: 1_000, attributes: 'deprecated', readBy: 'id', hasDataRoutes: true },
  ],
  [
    '19.02.0',
    { listings: ['paths'], pageLimit: 1_000, attributes: 'deprecated', readBy: 'metadataId', hasDataRoutes: false },
  ],
  ['0', { listings: ['paths'], pageLimit: 1_000, attributes: 'deprecated', readBy: 'path', hasDataRoutes: false }],
]

/** What to expect of a version. */
export function dialectOf(version: Version): Dialect {
  for (const [from, dialect] of steps) {
    if (compareVersions(version, parseVersion(from)) >= 0) return dialect
  }
  throw new Error('the last step starts at 0')
}
