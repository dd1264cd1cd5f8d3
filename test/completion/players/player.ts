import type { Trace } from '../trace.ts'

/** "This file is complete", said at `at` of what had this size. */
export interface Fire {
  readonly at: number
  readonly file: string
  readonly size: number
}

/** One rule for when a file is complete, and how it looks at the files. */
export interface Player {
  readonly name: string
  play(trace: Trace): Promise<readonly Fire[]>
}

/** What programs that watch names are told to leave out, where they can be told: the temporary names that OneTrigger leaves out, and markers. */
export function isLeftOut(path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1)
  return /\.(?:part|partial|tmp|crdownload|filepart|done)$|^\./.test(name)
}

/** When the first poll comes: somewhere in the interval, always the same for the same trace, so that no rule profits from the beginning of the traces. */
export function firstPollAt({ name }: Trace, intervalMs: number): number {
  return [...name].reduce((sum, character) => (sum * 131 + (character.codePointAt(0) ?? 0)) % 1_000_003, 7) % intervalMs
}

/** Whether it lies in the folder that is watched. */
export function isWatched(path: string): boolean {
  return path.startsWith('in/')
}
