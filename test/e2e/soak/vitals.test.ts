import { describe, expect, it } from 'vitest'
import { growth, mostGrowth, trend } from './vitals.ts'

describe('the trend of a soak', () => {
  it('is the rise of the straight line through all measurements', () => {
    expect(growth([10, 12, 14, 16])).toBeCloseTo(6)
    expect(growth([10, 14, 10, 14, 10])).toBeCloseTo(0)
    expect(growth([7])).toBe(0)
  })

  it('names what grew too much', () => {
    const flat = { rss: 90e6, heap: 30e6, descriptors: 25 }
    const leaking = Array.from({ length: 20 }, (_, minute) => ({ ...flat, heap: flat.heap + minute * 1e6 }))

    expect(trend(Array.from({ length: 20 }, () => flat)).tooMuch).toEqual([])
    expect(trend(leaking).tooMuch).toEqual(['heap'])
    expect(trend(leaking).growth.heap).toBeGreaterThan(mostGrowth.heap)
  })
})
