import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os'
import type { Scale, Size, Values } from './measurement.ts'

/** What was measured on. */
export interface Machine {
  readonly cores: number
  readonly cpu: string
  readonly memoryGb: number
  readonly system: string
  readonly node: string
}

/** All runs of one measurement. */
export interface Result {
  readonly name: string
  readonly scale: Scale
  readonly size: Size
  readonly at: string
  readonly machine: Machine
  /** Load of the machine (1 minute) before and after: above the number of cores the figures say little. */
  readonly load: { readonly before: number; readonly after: number }
  readonly runs: readonly Values[]
}

export function machine(): Machine {
  return {
    cores: availableParallelism(),
    cpu: processor(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${release().split('-')[0]}`,
    node: process.versions.node,
  }
}

/** Its name; on Linux also what tells the generations of one name apart, where the system says so. */
function processor(): string {
  const name = cpus()[0]?.model ?? 'unknown'
  try {
    const text = readFileSync('/proc/cpuinfo', 'utf8')
    const [, family] = /^cpu family\s*: (\d+)$/m.exec(text) ?? []
    const [, model] = /^model\s*: (\d+)$/m.exec(text) ?? []
    return family === undefined || model === undefined ? name : `${name} (family ${family}, model ${model})`
  } catch {
    return name
  }
}

export function load(): number {
  return Number((loadavg()[0] ?? 0).toFixed(2))
}

/** What was written before; empty where nothing was. */
export function readResults(path: string): readonly Result[] {
  try {
    // What `npm run bench` wrote.
    return JSON.parse(readFileSync(path, 'utf8')) as Result[]
  } catch {
    return []
  }
}
