import { requireCaller } from '../access.ts'
import { ApiError, type ApiErrorFacts, forbidden, missing } from '../api-error.ts'
import { type Exchange, json, type Route, readJsonObject } from '../exchange.ts'
import type { UserSpace } from '../provider-state.ts'
import type { TokenGrant, Tokens } from '../tokens.ts'
import { onezone } from './paths.ts'

/** A provider as its zone knows it. */
export interface ZoneProvider {
  readonly id: string
  readonly name: string
  /** `host:port` */
  readonly domain: string
  readonly version: string
  readonly online: boolean
}

/** What a zone knows. */
export interface ZoneView {
  readonly tokens: Tokens
  readonly spaces: () => readonly UserSpace[]
  readonly providers: () => readonly ZoneProvider[]
}

/** The slice of Onezone that leads a token to its spaces and their providers. */
export function zoneRoutes(zone: ZoneView): readonly Route[] {
  const get = (path: string, answer: (exchange: Exchange) => unknown): Route => ({
    method: 'GET',
    template: `${onezone}${path}`,
    handler: (exchange) => {
      requireCaller(exchange.caller())
      return json(answer(exchange))
    },
  })
  return [
    {
      method: 'POST',
      template: `${onezone}/tokens/infer_access_token_scope`,
      handler: async ({ request }) => json(inferScope(zone, (await readJsonObject(request)).token)),
    },
    {
      method: 'GET',
      template: `${onezone}/configuration`,
      handler: () => json({ name: 'Simulated zone', version: '25.0' }),
    },
    get('/user', () => ({ userId: 'simulated-user', username: 'simulated', fullName: 'Simulated User' })),
    get('/user/effective_spaces', () => ({ spaces: zone.spaces().map(({ id }) => id) })),
    get('/user/effective_spaces/{id}', ({ params }) => spaceDetails(findSpace(zone, params.id))),
    get('/spaces/{id}', ({ params }) => spaceDetails(findSpace(zone, params.id))),
    get('/spaces/{id}/providers', ({ params }) => ({ providers: findSpace(zone, params.id).providers })),
    get('/user/effective_providers', () => ({ providers: zone.providers().map(({ id }) => id) })),
    get('/user/effective_providers/{id}', ({ params }) => providerDetails(findProvider(zone, params.id))),
    get('/user/effective_providers/{id}/spaces', ({ params }) => {
      const { id } = findProvider(zone, params.id)
      return { spaces: zone.spaces().flatMap((space) => (space.providers.includes(id) ? [space.id] : [])) }
    }),
    get('/providers/{id}', ({ params }) => providerDetails(findProvider(zone, params.id))),
  ]
}

/** The token's error comes as it is, not inside `unauthorized`. */
function inferScope(zone: ZoneView, token: unknown): object {
  if (typeof token !== 'string') throw missing('token')
  const problem = zone.tokens.problemOf(token)
  if (problem !== null) throw tokenError(problem)
  const grant = zone.tokens.grantOf(token)
  const spaces = visibleSpaces(zone, grant)
  const named = new Set(spaces.flatMap(({ providers }) => providers))
  const providers = zone.providers().filter(({ id }) => named.has(id))
  return {
    validUntil: grant.validUntil ?? null,
    dataAccessScope: {
      readonly: grant.readonly ?? false,
      spaces: Object.fromEntries(spaces.map((space) => [space.id, supportsOf(space)])),
      providers: Object.fromEntries(providers.map(({ id, ...provider }) => [id, provider])),
    },
  }
}

function tokenError(problem: Omit<ApiErrorFacts, 'status'>): ApiError {
  return new ApiError({ ...problem, status: 400 })
}

function visibleSpaces(zone: ZoneView, { member, paths }: TokenGrant): readonly UserSpace[] {
  if (member === false) return []
  const spaces = zone.spaces()
  return paths === undefined ? spaces : spaces.filter(({ id }) => paths.some((path) => path.split('/')[1] === id))
}

function supportsOf({ name, providers }: UserSpace): object {
  return { name, supports: Object.fromEntries(providers.map((id) => [id, { readonly: false }])) }
}

function findSpace(zone: ZoneView, id: string | undefined): UserSpace {
  const space = zone.spaces().find((candidate) => candidate.id === id)
  if (space === undefined) throw forbidden()
  return space
}

function findProvider(zone: ZoneView, id: string | undefined): ZoneProvider {
  const provider = zone.providers().find((candidate) => candidate.id === id)
  if (provider === undefined) throw forbidden()
  return provider
}

function spaceDetails({ id, name, providers }: UserSpace): object {
  const supports = Object.fromEntries(providers.map((providerId) => [providerId, 1024 ** 4]))
  return { spaceId: id, name, providers: supports, creator: { type: 'user', id: 'simulated-user' }, creationTime: 0 }
}

function providerDetails({ id, name, domain, online }: ZoneProvider): object {
  return { providerId: id, clusterId: id, name, domain, latitude: 0, longitude: 0, online, creationTime: 0 }
}
