import { describe, expect, it } from 'vitest'
import { growth, median, percentile, worst } from '../../scripts/bench/statistics.ts'

describe('the statistics of benchmarks', () => {
  it('take what is in the middle, and of two in the middle what is between them', () => {
    expect(median([9, 1, 5])).toBe(5)
    expect(median([4, 1, 3, 2])).toBe(2.5)
  })

  it('call the slowest or the least the worst', () => {
    expect(worst([3, 9, 4], 'lower')).toBe(9)
    expect(worst([3, 9, 4], 'higher')).toBe(3)
  })

  it('tell what a share of all is not above', () => {
    const numbers = Array.from({ length: 100 }, (_, index) => 99 - index)

    expect(percentile(numbers, 0.5)).toBe(50)
    expect(percentile(numbers, 0.99)).toBe(99)
    expect(percentile(numbers, 1)).toBe(99)
  })

  it.each([
    ['a constant', (amount: number) => 7 + 0 * amount, 0],
    ['a proportion', (amount: number) => 3 * amount, 1],
    ['a square', (amount: number) => amount ** 2 / 5, 2],
  ])('see how %s grows', (_name, cost, slope) => {
    const points = [10, 100, 3_000].map((amount) => [amount, cost(amount)] as const)

    expect(growth(points)).toBeCloseTo(slope, 9)
  })
})
