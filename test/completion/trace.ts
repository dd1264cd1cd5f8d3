import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What could tell that a file is complete, besides that nothing changes any more. */
export type Proof = 'marker' | 'xattr' | 'declared' | 'rename' | 'holes' | 'cdmi' | 'none'

/** From `at` on, whoever reads or lists the file sees this; keys that are left out stay as they were. Milliseconds from the start. */
export interface Shown {
  readonly at: number
  readonly file: string
  /** Inside the space. */
  readonly path?: string
  readonly size?: number
  /** Whole seconds from the start, by the provider's clock; may be far below 0. */
  readonly mtime?: number
  readonly ctime?: number
  readonly localRate?: number
  readonly xattrs?: Readonly<Record<string, string>>
  /** What CDMI answers when it is asked. */
  readonly processing?: boolean
  /** What the distribution answers when it is asked. */
  readonly heldElsewhere?: boolean
  readonly gone?: true
}

/** At `at` the stream says this; keys that are left out are not told. */
export type Told = Pick<Shown, 'at' | 'file' | 'path' | 'size' | 'mtime' | 'ctime' | 'localRate' | 'gone'>

/** One revision as it really was. */
export interface Revision {
  readonly file: string
  readonly size: number
  /** From then on whoever fetches the file gets the whole revision. */
  readonly from: number
  /** When it was replaced or deleted; null = it stays. */
  readonly until: number | null
  /** From then on it could be known: it is whole, and its evidence is there. Delays are counted from here. */
  readonly due: number
  /** It lived so short that nobody has to tell of it. */
  readonly brief?: true
}

/** One upload, or a few that belong together. */
export interface Trace {
  readonly name: string
  /** The failure mode that it shows. */
  readonly mode: string
  /** The evidence that is there and that OneTrigger was told to look for. */
  readonly evidence: Proof
  /** `replica`: another provider than the one that is written to is watched; it shows things later. */
  readonly provider: 'origin' | 'replica'
  /** Settings of `completion` besides `stableFor`. */
  readonly completion: {
    readonly marker?: string
    readonly xattr?: { readonly key: string; readonly value: string | null }
    readonly declaredSize?: string
    readonly cdmi?: boolean
    readonly holes?: 'ignore'
  }
  readonly shown: readonly Shown[]
  readonly told: readonly Told[]
  /** When the watcher did not run: from, until. */
  readonly down: readonly (readonly [number, number])[]
  /** Revisions that were complete. None = the file never was. */
  readonly truth: readonly Revision[]
}

export const corpusFolder = join(import.meta.dirname, 'corpus')

/** A trace for each line; a file for each failure mode. */
export function asFile(traces: readonly Trace[]): string {
  return traces.map((trace) => `${JSON.stringify(trace)}\n`).join('')
}

/** Every trace of the published corpus. */
export function readCorpus(folder = corpusFolder): readonly Trace[] {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .toSorted()
  // as: these files are made by the generator, and a test compares them with what it makes.
  return files.flatMap((name) =>
    readFileSync(join(folder, name), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Trace),
  )
}
