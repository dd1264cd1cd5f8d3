/** What a machine must have for one job; memory in MiB. */
export interface Demand {
  readonly vcpus: number
  readonly memory: number
}

/**
 * GPU instances of 2019 that AWS no longer starts, or whose GPUs its images with Amazon Linux 2023 do not support (Tesla K80, M60 and V100, GRID K520), with
 * one of today that has at least as much memory on each GPU (T4: 16 GiB, A10G: 24 GiB, A100: 40 GiB) and as many of them, or the most there are (8). Those
 * with one GPU are replaced by the smallest of a family that holds the job (`.*`): their main memory was larger.
 */
const successors: Readonly<Record<string, string>> = {
  'p2.xlarge': 'g4dn.*',
  'p2.8xlarge': 'g5.48xlarge',
  'p2.16xlarge': 'g5.48xlarge',
  p2: 'g4dn',
  'p3.2xlarge': 'g5.*',
  'p3.8xlarge': 'g5.12xlarge',
  'p3.16xlarge': 'g5.48xlarge',
  p3: 'g5',
  'p3dn.24xlarge': 'p4d.24xlarge',
  p3dn: 'p4d',
  'g2.2xlarge': 'g4dn.*',
  'g2.8xlarge': 'g4dn.12xlarge',
  g2: 'g4dn',
  'g3s.xlarge': 'g4dn.*',
  g3s: 'g4dn',
  'g3.4xlarge': 'g4dn.*',
  'g3.8xlarge': 'g4dn.12xlarge',
  'g3.16xlarge': 'g4dn.12xlarge',
  g3: 'g4dn',
}

/** Instance types that exist today, and a note for each that was replaced. */
export function currentInstanceTypes(
  types: readonly string[],
  demand: Demand,
): { readonly types: readonly string[]; readonly notes: readonly string[] } {
  const replaced = types.map((type) => ({ type, by: successorOf(type, demand) }))
  return {
    types: [...new Set(replaced.map(({ type, by }) => by ?? type))],
    notes: replaced.flatMap(({ type, by }) =>
      by === null ? [] : [`${type} is of a generation that AWS no longer offers or supports: ${by} is used instead`],
    ),
  }
}

/** Sizes of g4dn and g5 with one GPU, with their vCPUs and MiB. */
const oneGpu: readonly (Demand & { readonly size: string })[] = [1, 2, 4, 8, 16].map((factor) => ({
  size: `${factor === 1 ? '' : factor}xlarge`,
  vcpus: 4 * factor,
  memory: 16_384 * factor,
}))
/** What the system and the agent of a host leave for jobs. */
const usableShare = 0.9

/** The smallest machine with one GPU that holds such a job; the largest where none does. */
export function smallestGpuInstance({ vcpus, memory }: Demand, family = 'g4dn'): string {
  const fitting = oneGpu.find((each) => each.vcpus >= vcpus && each.memory * usableShare >= memory)
  return `${family}.${fitting?.size ?? '16xlarge'}`
}

function successorOf(type: string, demand: Demand): string | null {
  const by = successors[type] ?? null
  return by?.endsWith('.*') ? smallestGpuInstance(demand, by.slice(0, -'.*'.length)) : by
}

/** Which quota of AWS counts an instance with a GPU; null = none of the two. */
export function gpuFamily(type: string): 'G' | 'P' | null {
  if (/^(g|vt)\d/.test(type)) return 'G'
  return /^p\d/.test(type) ? 'P' : null
}

/** vCPUs of an instance with a GPU by its size, of the smallest where a family is named: all that exist today follow this. */
export function vcpusOf(type: string): number {
  const size = type.split('.')[1]
  return 4 * Number(/^(\d*)xlarge$/.exec(size ?? 'xlarge')?.[1] || 1)
}
