/**
 * GPU instances of 2019 that AWS no longer starts, or whose GPUs the drivers of its images no longer know (Tesla K80, M60, GRID K520), with one of today
 * that has at least as much memory on each GPU (T4: 16 GiB, A10G: 24 GiB) and as many of them, or the most there are (8). Sizes that are not listed stay.
 */
const successors: Readonly<Record<string, string>> = {
  'p2.xlarge': 'g4dn.xlarge',
  'p2.8xlarge': 'g5.48xlarge',
  'p2.16xlarge': 'g5.48xlarge',
  p2: 'g4dn',
  'g2.2xlarge': 'g4dn.xlarge',
  'g2.8xlarge': 'g4dn.12xlarge',
  g2: 'g4dn',
  'g3s.xlarge': 'g4dn.xlarge',
  g3s: 'g4dn',
  'g3.4xlarge': 'g4dn.4xlarge',
  'g3.8xlarge': 'g4dn.12xlarge',
  'g3.16xlarge': 'g4dn.12xlarge',
  g3: 'g4dn',
}

/** Instance types that exist today, and a note for each that was replaced. */
export function currentInstanceTypes(types: readonly string[]): {
  readonly types: readonly string[]
  readonly notes: readonly string[]
} {
  const replaced = types.map((type) => ({ type, by: successors[type] ?? null }))
  return {
    types: [...new Set(replaced.map(({ type, by }) => by ?? type))],
    notes: replaced.flatMap(({ type, by }) =>
      by === null ? [] : [`${type} is no longer offered: ${by} is used instead`],
    ),
  }
}
