import type { Random } from '../../../src/lib/random.ts'
import { seededRandom } from '../../support/simulator.ts'
import type { Trace } from '../trace.ts'
import { againModes } from './again.ts'
import { evidenceModes } from './evidence.ts'
import { growingModes } from './growing.ts'
import { heardModes } from './heard.ts'
import { namingModes } from './naming.ts'

/** Makes the traces of one failure mode. */
export type Mode = (random: Random) => readonly Trace[]

const modes: Readonly<Record<string, Mode>> = {
  ...growingModes,
  ...againModes,
  ...namingModes,
  ...evidenceModes,
  ...heardModes,
}

/** The published corpus is made with this seed. */
export const publishedSeed = 7

/** Every trace, by failure mode. The same seed gives the same traces, and a new mode leaves the others as they are. */
export function makeCorpus(seed = publishedSeed): ReadonlyMap<string, readonly Trace[]> {
  return new Map(Object.entries(modes).map(([mode, make]) => [mode, make(seededRandom(seed * 1_000 + hashOf(mode)))]))
}

function hashOf(text: string): number {
  return [...text].reduce((sum, character) => (sum * 31 + (character.codePointAt(0) ?? 0)) % 1_000, 0)
}
