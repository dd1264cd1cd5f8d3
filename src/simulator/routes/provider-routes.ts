import { requireCaller, requireMember } from '../access.ts'
import { spaceNotSupported } from '../api-error.ts'
import { json, type Route } from '../exchange.ts'
import { encodeFileId } from '../model/file-ids.ts'
import { type ProviderState, subjectAt, type UserSpace } from '../provider-state.ts'
import type { Caller } from '../tokens.ts'
import { oneprovider } from './paths.ts'

/** What a provider tells of itself and of spaces, and from paths to ids. */
export function providerRoutes(state: ProviderState): readonly Route[] {
  const { dataApi, recursiveApi } = state.generation
  const routes: Route[] = [
    { method: 'GET', template: `${oneprovider}/configuration`, handler: () => json(configuration(state)) },
    {
      method: 'GET',
      template: `${oneprovider}/spaces`,
      handler: (exchange) => {
        const caller = requireCaller(exchange.caller())
        return json(visibleSpaces(state, caller).map((space) => listedSpace(state, space)))
      },
    },
    {
      method: 'GET',
      template: `${oneprovider}/spaces/{id}`,
      handler: (exchange) => json(oneSpace(state, requireCaller(exchange.caller()), exchange.params.id ?? '')),
    },
  ]
  if (recursiveApi) {
    const handler = () => json({ status: 'healthy' })
    routes.push({ method: 'GET', template: `${oneprovider}/health`, handler })
  }
  if (dataApi) {
    routes.push({
      method: 'POST',
      template: `${oneprovider}/lookup-file-id/{path...}`,
      handler: (exchange) => {
        const { node, access } = subjectAt(state, exchange, exchange.rest)
        access.reach(node)
        return json({ fileId: node.fileId })
      },
    })
  }
  return routes
}

function configuration(state: ProviderState): object {
  const version = state.generation.versionText
  return {
    providerId: state.id,
    name: state.name,
    domain: state.domain(),
    onezoneDomain: state.domain(),
    version,
    build: 'simulated',
    rtransferPort: 6665,
    ...(state.generation.dataApi ? { compatibilityRegistryRevision: 2_022_122_100 } : {}),
    compatibleOnezoneVersions: [version],
    compatibleOneproviderVersions: [version],
    compatibleOneclientVersions: [version],
  }
}

/** All spaces of the user, also those of other providers; a caveat narrows them. */
function visibleSpaces(state: ProviderState, { grant }: Caller): readonly UserSpace[] {
  if (grant.member === false) return []
  const { paths } = grant
  const spaces = state.userSpaces()
  return paths === undefined ? spaces : spaces.filter(({ id }) => paths.some((path) => path.split('/')[1] === id))
}

function oneSpace(state: ProviderState, caller: Caller, id: string): object {
  requireMember(caller)
  const space = visibleSpaces(state, caller).find((candidate) => candidate.id === id)
  if (space === undefined || !state.trees.has(id)) throw spaceNotSupported(id, state.id)
  const item = listedSpace(state, space)
  return { ...item, providers: providersOf(state, space) }
}

function listedSpace(state: ProviderState, space: UserSpace): object {
  const base = { name: space.name, spaceId: space.id }
  const dir = (name: string) => encodeFileId(`${name}_${space.id}`, space.id)
  switch (state.generation.spaceItems) {
    case 'names':
      return base
    case 'fileIds':
      return { ...base, fileId: dir('space') }
    case 'full':
      return {
        ...base,
        fileId: dir('space'),
        dirId: dir('space'),
        trashDirId: dir('trash'),
        archivesDirId: dir('archives_root'),
        providers: providersOf(state, space),
      }
  }
}

function providersOf(state: ProviderState, space: UserSpace): readonly object[] {
  return space.providers.map((providerId) => ({
    providerId,
    providerName: providerId === state.id ? state.name : `provider ${providerId.slice(0, 6)}`,
  }))
}
