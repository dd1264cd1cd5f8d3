import {
  abandonedChunks,
  abandonedPart,
  imageBurst,
  oddNames,
  outOfOrder,
  overwritten,
  renamedUploads,
  slowVideo,
  waves,
} from './acts.ts'
import { type Scenario, scenario } from './scenario.ts'

/** All scenarios there are; demo, tests and `onetrigger simulate` play the same ones. */
export const scenarios: readonly Scenario[] = [
  scenario('demo', 'a slow video, a burst of images, chunks out of order, renamed, overwritten and abandoned uploads', [
    slowVideo,
    imageBurst,
    outOfOrder,
    renamedUploads,
    overwritten,
    abandonedPart,
  ]),
  scenario('slow-writer', 'a video of 16 GiB that grows in steps', [slowVideo]),
  scenario('burst', 'many images within a second', [imageBurst]),
  scenario('rename', 'uploads under temporary names that are renamed when whole', [renamedUploads]),
  scenario('overwrite', 'a file that is written again after it was reported', [overwritten]),
  scenario('out-of-order', 'chunks whose last one comes first', [outOfOrder]),
  scenario('abandoned', 'uploads that are never finished', [abandonedPart, abandonedChunks]),
  scenario('odd-names', 'names with #, ?, %, blanks, quotes, emoji, two Unicode forms, 255 bytes', [oddNames]),
  scenario('flaky', 'waves of files while the provider answers badly and loses events', [waves]),
]

/** By name; null where there is none. */
export function findScenario(name: string): Scenario | null {
  return scenarios.find((candidate) => candidate.name === name) ?? null
}
