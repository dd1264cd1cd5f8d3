/** What a process holds, its garbage collected: bytes and open descriptors. */
export interface Vitals {
  readonly rss: number
  readonly heap: number
  readonly descriptors: number
}

/** The variable that names the file for them. */
export const vitalsVariable = 'VITALS_FILE'

/** How much each may grow from the end of the warm-up to the end, by a straight line through all measurements. */
export const mostGrowth: Vitals = {
  // SQLite fills a cache of 32 MiB and a log of 16 MiB as the database grows; as much again is what allocators do not give back at once.
  rss: 96 * 1024 * 1024,
  heap: 8 * 1024 * 1024,
  descriptors: 8,
}

/** Growth over all measurements, by the straight line that fits them best. */
export function growth(numbers: readonly number[]): number {
  const count = numbers.length
  if (count < 2) return 0
  const meanX = (count - 1) / 2
  const meanY = numbers.reduce((sum, number) => sum + number, 0) / count
  let above = 0
  let below = 0
  for (const [x, y] of numbers.entries()) {
    above += (x - meanX) * (y - meanY)
    below += (x - meanX) ** 2
  }
  return (above / below) * (count - 1)
}

/** The growth of everything measured, and the names of what grew too much. */
export function trend(measured: readonly Vitals[]): { readonly growth: Vitals; readonly tooMuch: readonly string[] } {
  const grown: Vitals = {
    rss: growth(measured.map(({ rss }) => rss)),
    heap: growth(measured.map(({ heap }) => heap)),
    descriptors: growth(measured.map(({ descriptors }) => descriptors)),
  }
  const names = ['rss', 'heap', 'descriptors'] as const
  return { growth: grown, tooMuch: names.filter((name) => grown[name] > mostGrowth[name]) }
}
