/** What is between the smaller and the larger half. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const upper = sorted[Math.floor(middle)] ?? Number.NaN
  return Number.isInteger(middle) ? (upper + (sorted[middle - 1] ?? Number.NaN)) / 2 : upper
}

export function worst(numbers: readonly number[], better: 'lower' | 'higher'): number {
  return better === 'lower' ? Math.max(...numbers) : Math.min(...numbers)
}

/** The number that `share` (0 to 1) of all are not above. */
export function percentile(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? Number.NaN
}

/**
 * How a cost grows: the slope of a straight line through the points on logarithmic axes, by least squares. 0 = not at all, 1 = in proportion,
 * 2 = with the square.
 */
export function growth(points: readonly (readonly [amount: number, cost: number])[]): number {
  const logs = points.map(([amount, cost]) => [Math.log(amount), Math.log(cost)] as const)
  const mean = (at: 0 | 1) => logs.reduce((sum, point) => sum + point[at], 0) / logs.length
  const [meanX, meanY] = [mean(0), mean(1)]
  const over = logs.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0)
  const under = logs.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
  return over / under
}
