import type { ProviderVersion, SimulatorDelays } from './simulator.ts'

/** What one generation of Oneprovider has and how it answers: the version matrix of the wire reference, section 4. */
export interface Generation {
  /** As `GET /configuration` says it. */
  readonly versionText: string
  readonly errors: 'legacy' | 'plain' | 'withContext'
  /** Path API: `/attributes` and one `/metadata` (18.02), `/metadata/attrs` and its siblings (20.02), or none any more. */
  readonly pathApi: 'attributes' | 'metadata' | 'none'
  /** `/lookup-file-id`, `/data/{id}` with content, metadata and distribution. */
  readonly dataApi: boolean
  /** `/data/{id}/files`, `/data/{id}/path/...`, `/health`. */
  readonly recursiveApi: boolean
  readonly eventsApi: boolean
  /** Which attribute names are known: one at a time, several, or the current names too. */
  readonly attributes: 'one' | 'several' | 'current'
  readonly hasCreationTime: boolean
  /** Whether `children` pages by `nextPageToken` and tells attributes; else by index and offset only. */
  readonly childrenTokens: boolean
  readonly maxLimit: number
  /** `"0664"` and `"reg"` instead of `"664"` and `"REG"`. */
  readonly oldSpelling: boolean
  readonly spaceItems: 'names' | 'fileIds' | 'full'
  readonly strictAtime: boolean
  /** For how long a verdict on a token, times and sizes are held back where nothing else is said. */
  readonly delays: SimulatorDelays
}

const delays: SimulatorDelays = {
  sizeFlushMs: 10_000,
  timesFlushMs: 8_000,
  pollMs: 1_000,
  idleCutMs: 300_000,
  authCacheMs: 10_000,
  tombstoneMs: 86_400_000,
}

const newest: Generation = {
  versionText: '25.0',
  errors: 'withContext',
  pathApi: 'none',
  dataApi: true,
  recursiveApi: true,
  eventsApi: true,
  attributes: 'current',
  hasCreationTime: true,
  childrenTokens: true,
  maxLimit: 10_000,
  oldSpelling: false,
  spaceItems: 'full',
  strictAtime: true,
  delays,
}

const v21028: Generation = { ...newest, versionText: '21.02.8', errors: 'plain', eventsApi: false }

const v21023: Generation = {
  ...v21028,
  versionText: '21.02.3',
  attributes: 'several',
  hasCreationTime: false,
  maxLimit: 1_000,
  spaceItems: 'fileIds',
  strictAtime: false,
  delays: { ...delays, timesFlushMs: 0 },
}

const v2002: Generation = {
  ...v21023,
  versionText: '20.02.20',
  pathApi: 'metadata',
  recursiveApi: false,
  attributes: 'one',
  childrenTokens: false,
  oldSpelling: true,
}

const v1802: Generation = {
  ...v2002,
  versionText: '18.02.3',
  errors: 'legacy',
  pathApi: 'attributes',
  dataApi: false,
  spaceItems: 'names',
}

/** The generation that a version belongs to. */
export const generations: Readonly<Record<ProviderVersion, Generation>> = {
  '18.02': v1802,
  '20.02': v2002,
  '21.02.3': v21023,
  '21.02.8': v21028,
  '25.0': newest,
}
