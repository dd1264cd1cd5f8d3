import type { Mirror } from './mirror.ts'
import type { Op } from './shelf.ts'
import type { Plan } from './writer.ts'

/** Notes when triggers were first tried, as long as they have no baseline; gives the time that was noted first for each. */
export function planFirstTries(
  { triggers }: Mirror,
  names: readonly string[],
  at: number,
): Plan<ReadonlyMap<string, number>> {
  const units: (readonly Op[])[] = []
  const tries = new Map<string, number>()
  for (const name of names) {
    const known = triggers.get(name)
    const firstTry = known?.firstTry ?? at
    if (known === undefined || known.baseline === null)
      units.push(triggers.put(name, { name, baseline: null, firstTry }))
    tries.set(name, firstTry)
  }
  return { units, result: tries }
}
