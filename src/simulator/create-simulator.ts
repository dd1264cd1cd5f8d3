import type { Certificate } from './certificate.ts'
import { createCertificate } from './certificate.ts'
import type { Route } from './exchange.ts'
import { Faults } from './faults.ts'
import { generations } from './generation.ts'
import { HttpServer } from './http-server.ts'
import { randomId } from './model/file-ids.ts'
import { SpaceModel } from './model/space-model.ts'
import { SpaceTree } from './model/space-tree.ts'
import type { ProviderState, UserSpace } from './provider-state.ts'
import { RequestLog } from './request-log.ts'
import { contentRoutes } from './routes/content-routes.ts'
import { creationRoutes } from './routes/creation-routes.ts'
import { dataRoutes } from './routes/data-routes.ts'
import { eventRoutes } from './routes/event-routes.ts'
import { listingRoutes } from './routes/listing-routes.ts'
import { metadataRoutes } from './routes/metadata-routes.ts'
import { providerRoutes } from './routes/provider-routes.ts'
import { recursiveRoutes } from './routes/recursive-routes.ts'
import { type ZoneProvider, zoneRoutes } from './routes/zone-routes.ts'
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

/** What several providers of one zone have in common. */
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

/** A provider with its tree, so that dbsync can be put between several. */
export interface BuiltProvider {
  readonly simulator: Simulator
  readonly tree: SpaceTree
  zoneEntry(): ZoneProvider
}

/**
 * Starts one Oneprovider with one space and, on the same port, the Onezone that knows it. Resolves when it listens; rejects when the port is
 * taken. `close` ends it; nothing outlives that.
 */
export async function createSimulator(options: SimulatorOptions): Promise<Simulator> {
  const shared = await createShared(options)
  const space = userSpace(options, [randomId(options.random)])
  shared.spaces.push(space)
  const zone = zoneRoutes({
    tokens: shared.tokens,
    spaces: () => shared.spaces,
    providers: () => [built.zoneEntry()],
    now: () => options.clock.now(),
  })
  const id = space.providers[0] ?? ''
  const parts = { options, id, name: 'Simulated provider', shared, space, extraRoutes: zone }
  const built: BuiltProvider = await startProvider(parts)
  return { ...built.simulator, close: () => closeAll([built.simulator], shared) }
}

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

export function userSpace(
  options: Pick<SimulatorOptions, 'random' | 'spaceName'>,
  providers: readonly string[],
): UserSpace {
  return { id: randomId(options.random), name: options.spaceName, providers }
}

/** Closes providers, then what they share. */
export async function closeAll(simulators: readonly Simulator[], shared: Shared): Promise<void> {
  await Promise.all(simulators.map((simulator) => simulator.close()))
  shared.certificate?.remove()
}

const loopback = '127.0.0.1'

/** Builds one provider and lets it listen. */
export async function startProvider(parts: ProviderParts): Promise<BuiltProvider> {
  const { options, id, name, shared, space } = parts
  const generation = generations[options.version]
  const delays = { ...generation.delays, ...options.delays }
  const host = options.host ?? loopback
  let port = options.port
  const trees = new Map<string, SpaceTree>()
  const addTree = ({ id: spaceId, name: spaceName }: UserSpace): SpaceTree => {
    const { clock, random } = options
    const { strictAtime } = generation
    const tree = new SpaceTree({
      space: { id: spaceId, name: spaceName },
      providerId: id,
      clock,
      random,
      delays,
      strictAtime,
    })
    trees.set(spaceId, tree)
    return tree
  }
  const tree = addTree(space)
  const state: ProviderState = {
    id,
    name,
    generation,
    delays,
    clock: options.clock,
    random: options.random,
    log: options.log,
    tokens: shared.tokens,
    faults: new Faults(options.random, () => tree),
    trees,
    userSpaces: () => shared.spaces,
    domain: () => address(host, port),
  }
  const requests = new RequestLog()
  const routes = [...providerRoutesOf(state), ...parts.extraRoutes]
  const server = new HttpServer({ state, routes, requests, certificate: shared.certificate })
  port = await server.listen(options.port, host)
  const stop = () => server.close()
  const simulator: Simulator = {
    version: options.version,
    url: `${shared.certificate === null ? 'http' : 'https'}://${address(host, port)}`,
    host: address(host, port),
    token: shared.token,
    space: { id: space.id, name: space.name },
    providerId: id,
    caFile: shared.certificate?.caFile ?? null,
    model: new SpaceModel(tree),
    faults: state.faults,
    tokens: shared.tokens,
    requests,
    addSpace: (spaceName, { supported = true } = {}) => {
      const added = {
        id: randomId(options.random),
        name: spaceName,
        providers: supported ? [id] : ['another-provider'],
      }
      shared.spaces.push(added)
      return { id: added.id, name: spaceName, model: supported ? new SpaceModel(addTree(added)) : null }
    },
    stop,
    start: async () => {
      await server.listen(port, host)
    },
    close: async () => {
      await stop()
      for (const one of trees.values()) one.close()
    },
  }
  const zoneEntry = () => ({
    id,
    name,
    domain: state.domain(),
    version: generation.versionText,
    online: server.isListening,
  })
  return { simulator, tree, zoneEntry }
}

function providerRoutesOf(state: ProviderState): readonly Route[] {
  return [
    ...providerRoutes(state),
    ...dataRoutes(state),
    ...listingRoutes(state),
    ...recursiveRoutes(state),
    ...contentRoutes(state),
    ...creationRoutes(state),
    ...metadataRoutes(state),
    ...eventRoutes(state),
  ]
}

function address(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
