import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'

export interface Run {
  readonly seed: number
  readonly runs: number
  /** Called before each input: a watchdog sees that it goes on. */
  readonly onInput?: () => void
}

/** Something that must hold whatever comes in. Rejects with the smallest input that breaks it, and its seed. */
export type Property = (run: Run, kept: readonly unknown[]) => Promise<void>

/** Properties of one door, by sentence. */
export type Area = Readonly<Record<string, Property>>

/** What broke a property: its sentence, the smallest input found, and what was thrown. */
class Broken extends Error {}

/** `holds` throws where it does not. Inputs are plain data, so that one that failed can be kept as JSON. */
export function property<T>(input: fc.Arbitrary<T>, holds: (input: T) => void | Promise<void>): Property {
  return async ({ seed, runs, onInput }, kept) => {
    const checked = fc.asyncProperty(input, async (given) => {
      onInput?.()
      await holds(given)
    })
    // as: what was kept is what this property once printed.
    const examples = kept.map((each): [T] => [each as T])
    const found = await fc.check(checked, { seed, numRuns: runs + examples.length, examples })
    if (!found.failed) return
    const why = found.errorInstance instanceof Error ? found.errorInstance.stack : String(found.errorInstance)
    throw new Broken(`broken by ${JSON.stringify(found.counterexample?.[0])}\n(seed ${seed}) ${why}`)
  }
}

const seedFolder = join(import.meta.dirname, 'seeds')

/** Runs all properties of an area, inputs that once failed first; gives what was found. */
export async function runArea(name: string, area: Area, run: Run): Promise<readonly string[]> {
  const kept = keptInputs(name)
  const found: string[] = []
  for (const [sentence, check] of Object.entries(area)) {
    try {
      await check(run, kept[sentence] ?? [])
    } catch (error) {
      if (!(error instanceof Broken)) throw error
      found.push(`${name}: ${sentence}\n${error.message}`)
    }
  }
  return found
}

/** Inputs that once failed, by area and sentence: `test/fuzz/seeds/<area>.json`. */
export function keptInputs(area: string): Readonly<Record<string, readonly unknown[]>> {
  const path = join(seedFolder, `${area}.json`)
  // as: files of ours, whose sentences a test compares with the properties.
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown[]>) : {}
}
