import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type Clock, sleep } from '../lib/clock.ts'

/** What the engine tells of this process, and what it can be asked for. */
export interface Engine {
  /** Microseconds of processor since the start. */
  cpuMicros(): number
  /** Bytes that the heap holds, garbage included. */
  heapBytes(): number
  /** Collects all garbage and gives the system back what is free. Everything stands still meanwhile: about 0.1 s. */
  giveBack(): void
}

const lookEveryMs = 5_000
/** Less than this share of a core over one look is rest. */
const restingShare = 0.05
/** What is not worth standing still for. */
const [leastGrowth, leastBytes] = [1.25, 8_000_000]

/**
 * Gives memory back when the process rests: the engine itself keeps what a listing of a million files, or a burst, made it take for as long as nothing
 * else happens. Once after each busy time. Runs until the signal aborts.
 */
export async function giveMemoryBack(engine: Engine, clock: Clock, signal: AbortSignal): Promise<void> {
  let [kept, cpu] = [0, engine.cpuMicros()]
  while (!signal.aborted) {
    const lookedAt = clock.now()
    await sleep(clock, lookEveryMs, signal).catch(() => {})
    if (signal.aborted) return
    const used = engine.cpuMicros() - cpu
    cpu += used
    const isResting = used < restingShare * (clock.now() - lookedAt) * 1_000
    if (!isResting || engine.heapBytes() < kept * leastGrowth + leastBytes) continue
    engine.giveBack()
    kept = engine.heapBytes()
    cpu = engine.cpuMicros()
  }
}

/**
 * The engine of this process, told to let less garbage gather: by default the heap may grow fourfold before it is looked through as a whole, which
 * makes half a gigabyte of a listing that needs a hundred megabytes. Costs a few per cent of processor under load.
 */
export function thriftyEngine(): Engine {
  setFlagsFromString('--heap-growing-percent=40')
  // There is no other way to a collection from inside.
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as (options: object) => void
  setFlagsFromString('--no-expose-gc')
  return {
    cpuMicros: () => {
      const { user, system } = process.cpuUsage()
      return user + system
    },
    heapBytes: () => {
      const { total_heap_size, external_memory } = getHeapStatistics()
      return total_heap_size + external_memory
    },
    giveBack: () => collect({ type: 'major', execution: 'sync', flavor: 'last-resort' }),
  }
}
