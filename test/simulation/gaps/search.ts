import fc from 'fast-check'
import { type PlayOptions, playScenario } from './play.ts'
import { type Scenario, scenarios } from './scenario.ts'

/** The scenario of a seed. */
export function scenarioOf(seed: number): Scenario {
  const [scenario] = fc.sample(scenarios, { seed, numRuns: 1 })
  if (scenario === undefined) throw new Error('fast-check gave no scenario')
  return scenario
}

/** Plays the scenario of a seed; where it fails, gives the smallest one that fast-check finds to fail too in so many plays, else null. */
export async function smallestFailing(
  seed: number,
  { mostPlays = 300, ...options }: Pick<PlayOptions, 'throughSource'> & { readonly mostPlays?: number } = {},
): Promise<Scenario | null> {
  let plays = 0
  const property = fc.asyncProperty(scenarios, async (scenario) => {
    // Not by time: a play that is left to itself would keep the next one from ever being quiet.
    if (plays++ >= mostPlays) return true
    const { problems } = await playScenario(scenario, { seed, ...options })
    return problems.length === 0
  })
  const { counterexample } = await fc.check(property, { seed, numRuns: 1 })
  return counterexample?.[0] ?? null
}
