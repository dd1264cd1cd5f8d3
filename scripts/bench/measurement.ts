/** One number that a measurement gives; which of its values is the worst follows from `better`. */
export interface Figure {
  readonly about: string
  /** '' where it is a plain number. */
  readonly unit: string
  readonly better: 'lower' | 'higher'
  /** What the design asks for at full size. */
  readonly goal?: number
}

/** How much work one run is; what the keys mean is the measurement's own. */
export type Size = Readonly<Record<string, number>>

/** How large a run is asked for: as published, to look at quickly, or as the slice that CI asserts. */
export type Scale = 'full' | 'quick' | 'check'

/** The values of one run, by the names of the figures. */
export type Values = Readonly<Record<string, number>>

/** A bound that must hold on any machine, however busy: amounts, counts and generous times. */
export interface Bound {
  readonly figure: string
  readonly most: number
}

/** One thing that is measured. */
export interface Measurement {
  readonly name: string
  readonly about: string
  readonly figures: Readonly<Record<string, Figure>>
  /** Absent for a scale: it has no part in it. */
  readonly sizes: Readonly<Partial<Record<Scale, Size>>>
  /** What `--check` asserts. */
  readonly bounds: readonly Bound[]
  /** Runs at full size take about so long, what they share included; for saying so before it begins. */
  readonly seconds: (runs: number) => number
  /** All runs of one process, which may share what is costly to set up; what is measured is made anew for each. */
  measure(size: Size, runs: number): AsyncIterable<Values>
  /** Where what is measured runs inside the measuring process: each run is to have one of its own. */
  readonly ownProcess?: boolean
}

/** A size that the measurement itself defines. */
export function of(size: Size, key: string): number {
  const value = size[key]
  if (value === undefined) throw new Error(`the size lacks "${key}"`)
  return value
}

/** Requests that a listing of so many files and directories takes of a provider whose pages are as large as they get. */
export function pagesOf(entries: number): number {
  return Math.ceil(entries / 10_000)
}
