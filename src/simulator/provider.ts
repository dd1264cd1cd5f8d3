import { type Certificate, createCertificate } from './certificate.ts'
import type { Route } from './exchange.ts'
import { Faults } from './faults.ts'
import { generations } from './generation.ts'
import { HttpServer } from './http-server.ts'
import { createSocketListener } from './listener.ts'
import { randomId } from './model/file-ids.ts'
import { SpaceModel } from './model/space-model.ts'
import { SpaceTree } from './model/space-tree.ts'
import type { ProviderState, UserSpace } from './provider-state.ts'
import { RequestLog } from './request-log.ts'
import { cdmiRoutes } from './routes/cdmi-routes.ts'
import { changeRoutes } from './routes/change-routes.ts'
import { contentRoutes } from './routes/content-routes.ts'
import { creationRoutes } from './routes/creation-routes.ts'
import { dataRoutes } from './routes/data-routes.ts'
import { eventRoutes } from './routes/event-routes.ts'
import { listingRoutes } from './routes/listing-routes.ts'
import { metadataRoutes } from './routes/metadata-routes.ts'
import { pathRoutes } from './routes/path-routes.ts'
import { providerRoutes } from './routes/provider-routes.ts'
import { recursiveRoutes } from './routes/recursive-routes.ts'
import type { ZoneProvider } from './routes/zone-routes.ts'
import type { ProviderVersion, SimulatorAddress, SimulatorOptions } from './simulator.ts'
import { Tokens } from './tokens.ts'

/** A running provider, and what it is steered and watched with. */
export interface Simulator extends SimulatorAddress {
  readonly version: ProviderVersion
  /** The files of the space. */
  readonly model: SpaceModel
  readonly faults: Faults
  /** The tokens that it knows; `token` is one of them. */
  readonly tokens: Tokens
  /** What it was asked. */
  readonly requests: RequestLog
  /** Gives the user one more space; `model` is null where this provider does not support it. */
  addSpace(name: string, options?: { readonly supported?: boolean }): AddedSpace
  /** Goes down as a machine that loses power; files, changes and tokens stay. */
  stop(): Promise<void>
  /** Comes back on the same port. */
  start(): Promise<void>
  /** Ends it for good. */
  close(): Promise<void>
}

export interface AddedSpace {
  readonly id: string
  readonly name: string
  readonly model: SpaceModel | null
}

/** What the providers of one zone have in common. */
export interface Shared {
  readonly tokens: Tokens
  readonly token: string
  readonly certificate: Certificate | null
  /** All spaces of the user; grows by `addSpace`. */
  readonly spaces: UserSpace[]
}

/** One provider before it listens. */
export interface ProviderParts {
  readonly options: Omit<SimulatorOptions, 'token' | 'spaceName' | 'tls'>
  readonly id: string
  readonly name: string
  readonly shared: Shared
  readonly space: UserSpace
  /** Routes besides its own. */
  readonly extraRoutes: readonly Route[]
}

/** A provider that listens, with its tree, so that dbsync can be put between several. */
export interface StartedProvider {
  readonly simulator: Simulator
  readonly tree: SpaceTree
  /** As the zone tells of it at this moment. */
  zoneEntry(): ZoneProvider
}

const loopback = '127.0.0.1'

/** Tokens and certificate of a zone. */
export async function createShared(
  options: Pick<SimulatorOptions, 'clock' | 'random' | 'version' | 'delays' | 'token' | 'tls' | 'host'>,
): Promise<Shared> {
  const { authCacheMs } = { ...generations[options.version].delays, ...options.delays }
  const tokens = new Tokens({ clock: options.clock, random: options.random, authCacheMs })
  const token = tokens.issue({}, options.token)
  const certificate = options.tls ? await createCertificate(options.host ?? loopback) : null
  return { tokens, token, certificate, spaces: [] }
}

/** Builds one provider and lets it listen. Rejects when its port is taken. */
export async function startProvider(parts: ProviderParts): Promise<StartedProvider> {
  const { options, shared, space } = parts
  const host = options.host ?? loopback
  const listening = { port: options.port }
  const domain = () => address(host, listening.port)
  const state = createState(parts, domain)
  const tree = addTree(state, space)
  const requests = new RequestLog()
  const routes = [...routesOf(state), ...parts.extraRoutes]
  const listener = options.listener?.() ?? createSocketListener(shared.certificate)
  const server = new HttpServer({ state, routes, requests, listener })
  listening.port = await server.listen(options.port, host)
  const simulator: Simulator = {
    version: options.version,
    url: `${shared.certificate === null ? 'http' : 'https'}://${domain()}`,
    host: domain(),
    token: shared.token,
    space: { id: space.id, name: space.name },
    providerId: state.id,
    caFile: shared.certificate?.caFile ?? null,
    model: new SpaceModel(tree),
    faults: state.faults,
    tokens: shared.tokens,
    requests,
    addSpace: (name, { supported = true } = {}) => addSpace(state, shared, name, supported),
    stop: () => server.close(),
    start: async () => {
      await server.listen(listening.port, host)
    },
    close: async () => {
      await server.close()
      for (const one of state.trees.values()) one.close()
    },
  }
  const { versionText: version } = state.generation
  const zoneEntry = () => ({ id: state.id, name: state.name, domain: domain(), version, online: server.isListening })
  return { simulator, tree, zoneEntry }
}

/** `host:port`, with brackets where the host has colons. */
export function address(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function createState({ options, id, name, shared, space }: ProviderParts, domain: () => string): ProviderState {
  const { clock, random, log } = options
  const generation = generations[options.version]
  const trees = new Map<string, SpaceTree>()
  const faults = new Faults(random, () => {
    const tree = trees.get(space.id)
    if (tree === undefined) throw new Error('the space has no tree yet')
    return tree
  })
  const delays = { ...generation.delays, ...options.delays }
  const { tokens } = shared
  return {
    id,
    name,
    generation,
    delays,
    clock,
    random,
    log,
    tokens,
    faults,
    trees,
    domain,
    userSpaces: () => shared.spaces,
  }
}

function addTree(state: ProviderState, space: UserSpace): SpaceTree {
  const tree = new SpaceTree({
    space: { id: space.id, name: space.name },
    providerId: state.id,
    clock: state.clock,
    random: state.random,
    delays: state.delays,
    strictAtime: state.generation.strictAtime,
  })
  state.trees.set(space.id, tree)
  return tree
}

function addSpace(state: ProviderState, shared: Shared, name: string, supported: boolean): AddedSpace {
  const space = { id: randomId(state.random), name, providers: [supported ? state.id : 'another-provider'] }
  shared.spaces.push(space)
  return { id: space.id, name, model: supported ? new SpaceModel(addTree(state, space)) : null }
}

function routesOf(state: ProviderState): readonly Route[] {
  return [
    ...providerRoutes(state),
    ...dataRoutes(state),
    ...listingRoutes(state),
    ...recursiveRoutes(state),
    ...contentRoutes(state),
    ...creationRoutes(state),
    ...metadataRoutes(state),
    ...eventRoutes(state),
    ...changeRoutes(state),
    ...pathRoutes(state),
    ...cdmiRoutes(state),
  ]
}
