import type { Mirror } from './mirror.ts'
import type { Plan } from './writer.ts'

/** Notes when a trigger was first tried, as long as it has no baseline; gives the time that was noted first. */
export function planFirstTry({ triggers }: Mirror, name: string, at: number): Plan<number> {
  const known = triggers.get(name)
  if (known !== undefined && known.baseline !== null) return { units: [], result: at }
  const firstTry = known?.firstTry ?? at
  return { units: [triggers.put(name, { name, baseline: null, firstTry })], result: firstTry }
}
