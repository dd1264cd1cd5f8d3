import { randomId } from './model/file-ids.ts'
import { createShared, type Simulator, type StartedProvider, startProvider } from './provider.ts'
import { zoneRoutes } from './routes/zone-routes.ts'
import type { SimulatorOptions } from './simulator.ts'

export type { Simulator } from './provider.ts'

/**
 * Starts one Oneprovider with one space and, on the same port, the Onezone that knows it. Resolves when it listens; rejects when the port is
 * taken. `close` ends it; nothing outlives that.
 */
export async function createSimulator(options: SimulatorOptions): Promise<Simulator> {
  const shared = await createShared(options)
  const id = randomId(options.random)
  const space = { id: randomId(options.random), name: options.spaceName, providers: [id] }
  shared.spaces.push(space)
  const extraRoutes = zoneRoutes({
    tokens: shared.tokens,
    spaces: () => shared.spaces,
    providers: () => [started.zoneEntry()],
  })
  const name = 'Simulated provider'
  const started: StartedProvider = await startProvider({ options, id, name, shared, space, extraRoutes }).catch(
    (error) => {
      shared.certificate?.remove()
      throw error
    },
  )
  return {
    ...started.simulator,
    close: async () => {
      await started.simulator.close()
      shared.certificate?.remove()
    },
  }
}
