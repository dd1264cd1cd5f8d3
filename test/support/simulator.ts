import { onTestFinished } from 'vitest'
import { createSystemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import type { Random } from '../../src/lib/random.ts'
import { createSimulator, type Simulator } from '../../src/simulator/create-simulator.ts'
import type { SimulatorOptions } from '../../src/simulator/simulator.ts'

/** A provider on a free port that is gone when the running test has finished; 25.0, plain HTTP, everything visible within milliseconds. */
export async function startSimulator(overrides: Partial<SimulatorOptions> = {}): Promise<Simulator> {
  const simulator = await createSimulator({
    version: '25.0',
    port: 0,
    tls: false,
    spaceName: 'Gamma',
    clock: createSystemClock(),
    random: seededRandom(1),
    log: silentLog,
    ...overrides,
    delays: { ...quickDelays, ...overrides.delays },
  })
  onTestFinished(() => simulator.close())
  return simulator
}

/** As short as it gets without changing what happens. */
export const quickDelays = { sizeFlushMs: 20, timesFlushMs: 20, pollMs: 5, idleCutMs: 60_000, authCacheMs: 0 }

/** The same numbers each time (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
