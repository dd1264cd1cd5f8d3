import { z } from 'zod'
import type { Space } from '../../core/source.ts'
import type { SourceDeps } from '../define.ts'
import { type Ask, createClient } from './client.ts'
import { listDirectory, listFolder } from './listing.ts'
import { identityMs, memoryOf, recall } from './memory.ts'
import type { OnedataOptions } from './options.ts'
import type { Connection, Provider } from './provider.ts'
import { createContext, isImpossible, lookUp, type ProviderContext, parseAnswer } from './provider-context.ts'
import { probeChanges, probeEvents } from './provider-probe.ts'
import { readFiles } from './read.ts'
import { readPath } from './read-one.ts'
import { type KnownSpace, listProviderSpaces, resolveProviderSpace } from './spaces.ts'
import { dialectOf, parseVersion } from './versions.ts'

/** A `Provider`, and what only finding a space needs. */
export interface RestProvider extends Provider {
  listSpaces(signal: AbortSignal): Promise<readonly Space[]>
  /** By name, id or `Name@id`; rejects with `SOURCE_SPACE_UNKNOWN` also where this provider does not support it. */
  resolveSpace(wanted: string, signal: AbortSignal): Promise<KnownSpace>
}

const configurationSchema = z.object({ providerId: z.string().min(1), version: z.string().min(1) })

const configuration: Ask = { route: 'GET /configuration', auth: 'none' }

/** Asks a Oneprovider who it is. Rejects with `SourceError` where that fails; the token is not used yet. */
export async function createRestProvider(
  connection: Connection,
  options: Pick<OnedataOptions, 'limits' | 'requestTimeout' | 'pollInterval'>,
  deps: SourceDeps,
  signal: AbortSignal,
): Promise<RestProvider> {
  const { limits } = options
  const client = createClient(
    { connection, root: '/api/v3/oneprovider', limits, requestTimeoutMs: options.requestTimeout },
    deps,
  )
  try {
    const known = await recall(deps, ['configuration', connection.origin], identityMs, async () => {
      const { body, serverTimeMs } = await client.demand(configuration, signal)
      return { body, aheadMs: serverTimeMs === null ? null : serverTimeMs - deps.clock.wall() }
    })
    const { providerId, version } = parseAnswer({ client, deps }, configuration, configurationSchema, known.body)
    const dialect = dialectOf(parseVersion(version))
    // Half of what a poll interval allows, so that unknown and pending files always find room.
    const readBudget = Math.max(1, Math.floor((limits.perSecond * options.pollInterval) / 2_000))
    const context = createContext({
      id: providerId,
      client,
      deps,
      dialect,
      concurrency: limits.concurrency,
      readBudget,
    })
    return restProvider(context, connection, version, known.aheadMs)
  } catch (error) {
    client.close()
    throw error
  }
}

function restProvider(
  context: ProviderContext,
  connection: Connection,
  version: string,
  aheadMs: number | null,
): RestProvider {
  const { deps } = context
  return {
    id: context.id,
    version,
    connection,
    hasEvents: (spaceId, signal) => probeEvents(context, spaceId, signal),
    hasChanges: (spaceId, signal) => probeChanges(context, spaceId, signal),
    serverTime: async (signal) => {
      if (memoryOf(deps) !== null) return aheadMs === null ? null : deps.clock.wall() + aheadMs
      return (await context.client.demand(configuration, signal)).serverTimeMs
    },
    directoryId: (space, path, signal) => directoryId(context, space, path, signal),
    list: (space, folder, listOptions, signal) => listFolder(context, folder, { space, options: listOptions }, signal),
    listDirectory: (space, directory, listOptions, signal) =>
      listDirectory(context, directory, { space, options: listOptions }, signal),
    readable: (signal) => context.client.free(signal),
    read: (space, requests, signal) => readFiles(context, space, requests, signal),
    listSpaces: async (signal) => (await listProviderSpaces(context, signal)).map(({ id, name }) => ({ id, name })),
    resolveSpace: (wanted, signal) => resolveProviderSpace(context, wanted, signal),
    close: async () => context.client.close(),
  }
}

/** The space's root has an id of its own beside the space's: streams know only that one. */
async function directoryId(
  context: ProviderContext,
  space: Space,
  path: string,
  signal: AbortSignal,
): Promise<string | null> {
  if (isImpossible(path)) return null
  const isByPath = context.dialect.readBy !== 'id'
  const found = isByPath ? ({ kind: 'found', fileId: '' } as const) : await lookUp(context, space, path, signal)
  if (found.kind === 'notFound') return null
  if (found.kind !== 'found') throw context.client.error({ route: 'the id of a folder' }, found)
  const ask = async () => {
    const read = await readPath(context, space, { fileId: found.fileId, path }, signal)
    if (read.kind === 'notFound') return null
    if (read.kind !== 'read') throw context.client.error(read.ask, read)
    return read.attributes.type === 'directory' ? read.attributes.fileId : null
  }
  const key = ['directory', context.client.origin, space.id, found.fileId, path]
  return isByPath ? ask() : recall(context.deps, key, identityMs, ask, (fileId) => fileId !== null)
}
