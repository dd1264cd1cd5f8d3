import type { Figure, Measurement, Values } from './measurement.ts'
import type { Result } from './results.ts'
import { median, worst } from './statistics.ts'

/** A figure of a measurement over all runs. */
export interface Summary {
  readonly median: number
  readonly worst: number
  readonly all: readonly number[]
}

export function summary(
  { runs }: Pick<Result, 'runs'>,
  name: string,
  { better }: Pick<Figure, 'better'>,
): Summary | null {
  const all = runs.flatMap((values: Values) => values[name] ?? [])
  return all.length === 0 ? null : { median: median(all), worst: worst(all, better), all }
}

/** One sweep's costs with their points, by the names of the costs. */
export function sweepsOf(
  measurement: Measurement,
  result: Result,
): ReadonlyMap<string, readonly (readonly [number, number])[]> {
  const sweeps = new Map<string, (readonly [number, number])[]>()
  const keys = new Set(result.runs.flatMap((values) => Object.keys(values)))
  for (const key of keys) {
    const [cost = '', amount] = key.split('@')
    const seen = summary(result, key, measurement.figures[key] ?? { better: 'lower' })
    if (seen === null) continue
    sweeps.set(cost, [...(sweeps.get(cost) ?? []), [Number(amount), seen.median]])
  }
  return new Map([...sweeps].map(([cost, points]) => [cost, points.toSorted(([a], [b]) => a - b)]))
}
