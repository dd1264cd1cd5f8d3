import { z } from 'zod'
import type { SourceDeps } from '../define.ts'
import type { Ask, Client } from './client.ts'
import { parseAnswer } from './provider-context.ts'
import type { KnownSpace } from './spaces.ts'
import { toldId, toldTime } from './told.ts'
import { compareVersions, parseVersion } from './versions.ts'

/** A provider as its zone tells of it. */
export interface ZoneProvider {
  readonly id: string
  readonly domain: string
  /** Null where the zone does not tell (before 21.02.4). */
  readonly version: string | null
  readonly online: boolean
}

/** What a token reaches. */
export interface TokenScope {
  /** When the token ends, milliseconds since the epoch; null = never, or not told. */
  readonly validUntilMs: number | null
  readonly spaces: readonly KnownSpace[]
  readonly providers: readonly ZoneProvider[]
}

export interface Zone {
  readonly client: Client
  readonly deps: SourceDeps
}

/** A host, perhaps with a port, and nothing else: requests with the token, and streams, go there. */
const domainSchema = z
  .string()
  .refine((domain) => URL.parse(`https://${domain}`)?.host === domain.toLowerCase(), 'this is no host')

const idSchema = z.string().refine((id) => toldId(id) !== null, 'this is no id')

const scopeSchema = z.object({
  validUntil: z.number().nullish(),
  dataAccessScope: z
    .object({
      spaces: z.record(idSchema, z.object({ name: z.string(), supports: z.record(z.string(), z.unknown()) })),
      providers: z.record(
        z.string(),
        z.object({ domain: domainSchema, version: z.string().nullish(), online: z.boolean() }),
      ),
    })
    .nullable(),
})

/** Asks a zone for spaces, their providers and the end of the token: one request from 21.02.4 on. Rejects with `SourceError`. */
export async function inferScope(zone: Zone, signal: AbortSignal): Promise<TokenScope> {
  const answer = await zone.client.ask(scopeAsk, signal)
  if (answer.kind === 'noRoute') return inferScopeOfOldZone(zone, signal)
  if (answer.kind !== 'ok') throw zone.client.error(scopeAsk, answer)
  return readScope(parseAnswer(zone, scopeAsk, scopeSchema, answer.body))
}

/** Public: the token is the question. */
const scopeAsk: Ask = { route: 'POST /tokens/infer_access_token_scope', auth: 'body' }

function readScope({ validUntil, dataAccessScope }: z.output<typeof scopeSchema>): TokenScope {
  const until = toldTime(validUntil)
  return {
    validUntilMs: until === null ? null : until * 1_000,
    spaces: Object.entries(dataAccessScope?.spaces ?? {}).map(([id, { name, supports }]) => ({
      id,
      name,
      providers: Object.keys(supports),
    })),
    providers: Object.entries(dataAccessScope?.providers ?? {}).map(([id, provider]) => ({
      id,
      domain: provider.domain,
      version: provider.version ?? null,
      online: provider.online,
    })),
  }
}

const spaceIdsSchema = z.object({ spaces: z.array(idSchema) })
const spaceSchema = z.object({ name: z.string(), providers: z.record(z.string(), z.unknown()) })
const providerSchema = z.object({ domain: domainSchema, online: z.boolean() })

/** A request per space and per provider, and no word about the end of the token or the versions. */
async function inferScopeOfOldZone(zone: Zone, signal: AbortSignal): Promise<TokenScope> {
  const get = async <T>(ask: Ask, schema: z.ZodType<T>): Promise<T> =>
    parseAnswer(zone, ask, schema, (await zone.client.demand(ask, signal)).body)

  const { spaces: ids } = await get({ route: 'GET /user/effective_spaces' }, spaceIdsSchema)
  const spaces = await Promise.all(
    ids.map(async (id) => {
      const space = await get({ route: 'GET /user/effective_spaces/{id}', params: { id } }, spaceSchema)
      return { id, name: space.name, providers: Object.keys(space.providers) }
    }),
  )
  const providers = await Promise.all(
    [...new Set(spaces.flatMap((space) => space.providers))].map(async (id) => {
      const provider = await get({ route: 'GET /user/effective_providers/{id}', params: { id } }, providerSchema)
      return { id, ...provider, version: null }
    }),
  )
  return { validUntilMs: null, spaces, providers }
}

/**
 * The providers of a space, best first: those that are online, then the newest version (it has the better ways of watching), then by id, so
 * that the order is the same each time. Whether storage is read-only there does not matter to us. Offline ones stay at the end: the zone may be late.
 */
export function rank(scope: TokenScope, spaceId: string): readonly ZoneProvider[] {
  const supporting = new Set(scope.spaces.find(({ id }) => id === spaceId)?.providers ?? [])
  return scope.providers
    .filter(({ id }) => supporting.has(id))
    .toSorted(
      (a, b) =>
        Number(b.online) - Number(a.online) ||
        compareVersions(parseVersion(b.version ?? '0'), parseVersion(a.version ?? '0')) ||
        (a.id < b.id ? -1 : 1),
    )
}
