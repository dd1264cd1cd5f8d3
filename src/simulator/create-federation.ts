import { Faults } from './faults.ts'
import { generations } from './generation.ts'
import { HttpServer } from './http-server.ts'
import { createSocketListener } from './listener.ts'
import { replicate, type SyncLag } from './model/dbsync.ts'
import { randomId } from './model/file-ids.ts'
import { address, createShared, type Shared, type Simulator, type StartedProvider, startProvider } from './provider.ts'
import { RequestLog } from './request-log.ts'
import { zoneRoutes } from './routes/zone-routes.ts'
import type { ProviderVersion, SimulatorDelays, SimulatorOptions } from './simulator.ts'

export interface FederationOptions extends Omit<SimulatorOptions, 'version' | 'delays'> {
  /** One or more; `port` of the options is the zone's, each provider takes a free one. */
  readonly providers: readonly FederationProvider[]
}

export interface FederationProvider {
  readonly name: string
  readonly version: ProviderVersion
  readonly delays?: Partial<SimulatorDelays>
}

/** A provider among several. */
export interface FederatedSimulator extends Simulator {
  /** How late it hears of what the others did; `lagMs` may be changed at any time. */
  readonly sync: SyncLag
}

/** A Onezone and providers of the same space: the same files and ids, each with numbers of its own. */
export interface Federation {
  readonly zone: {
    readonly url: string
    /** `127.0.0.1:PORT` */
    readonly host: string
    readonly requests: RequestLog
    readonly faults: Faults
    stop(): Promise<void>
    start(): Promise<void>
  }
  readonly providers: readonly FederatedSimulator[]
  close(): Promise<void>
}

/** Starts a zone on `port` and its providers on free ones. What is done on one provider shows on the others after their lag. */
export async function createFederation(options: FederationOptions): Promise<Federation> {
  const shared = await createShared({ ...options, version: '25.0', delays: options.providers[0]?.delays ?? {} })
  const ids = options.providers.map(() => randomId(options.random))
  const space = { id: randomId(options.random), name: options.spaceName, providers: ids }
  shared.spaces.push(space)
  const started: StartedProvider[] = []
  for (const [index, { name, version, delays }] of options.providers.entries()) {
    const own = { ...options, version, port: 0, ...(delays === undefined ? {} : { delays }) }
    started.push(await startProvider({ options: own, id: ids[index] ?? '', name, shared, space, extraRoutes: [] }))
  }
  const providers = started.map(({ simulator }): FederatedSimulator => ({ ...simulator, sync: { lagMs: 0 } }))
  const endSync = started.flatMap((source) =>
    started.flatMap((target, to) => {
      const lag = providers[to]?.sync
      return source === target || lag === undefined ? [] : [replicate(source.tree, target.tree, options.clock, lag)]
    }),
  )
  const zone = await startZone(options, shared, started)
  return {
    zone,
    providers,
    close: async () => {
      for (const end of endSync) end()
      await Promise.all([zone.stop(), ...providers.map((provider) => provider.close())])
      shared.certificate?.remove()
    },
  }
}

async function startZone(
  options: FederationOptions,
  shared: Shared,
  providers: readonly StartedProvider[],
): Promise<Federation['zone']> {
  const { clock, log, random } = options
  const host = options.host ?? '127.0.0.1'
  const listening = { port: options.port }
  const faults = new Faults(random, () => {
    throw new Error('a zone holds no files')
  })
  const requests = new RequestLog()
  const domain = () => address(host, listening.port)
  const routes = zoneRoutes({
    tokens: shared.tokens,
    spaces: () => shared.spaces,
    providers: () => providers.map((provider) => provider.zoneEntry()),
  })
  const state = { id: 'onezone', generation: generations['25.0'], clock, log, tokens: shared.tokens, faults, domain }
  const listener = options.listener?.() ?? createSocketListener(shared.certificate)
  const server = new HttpServer({ state, routes, requests, listener })
  listening.port = await server.listen(options.port, host)
  return {
    url: `${shared.certificate === null ? 'http' : 'https'}://${domain()}`,
    host: domain(),
    requests,
    faults,
    stop: () => server.close(),
    start: async () => {
      await server.listen(listening.port, host)
    },
  }
}
