import type { Clock } from '../src/lib/clock.ts'
import { silentLog } from '../src/lib/log.ts'
import type { Random } from '../src/lib/random.ts'
import { createSimulator, type Simulator } from '../src/simulator/create-simulator.ts'
import type { SimulatorDelays } from '../src/simulator/simulator.ts'
import { seededRandom } from '../test/support/simulator.ts'

/** A provider of the newest version with an empty folder `in`, for proofs and benchmarks. */
export async function startSimulated(
  clock: Clock,
  options: { readonly random?: Random; readonly delays?: Partial<SimulatorDelays> } = {},
): Promise<Simulator> {
  const given = { version: '25.0', port: 0, tls: false, spaceName: 'Gamma', clock, log: silentLog } as const
  const simulator = await createSimulator({ ...given, random: seededRandom(1), ...options })
  simulator.model.mkdir('in')
  return simulator
}
