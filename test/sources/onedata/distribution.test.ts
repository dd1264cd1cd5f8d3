import { describe, expect, it } from 'vitest'
import { holdsEverything } from '../../../src/sources/onedata/distribution.ts'

const held = (...blocks: [number, number][]) => ({ success: true, distributionPerStorage: { s: { blocks } } })
const failed = { success: false, distributionPerStorage: { s: { error: { id: 'timeout' } } } }

describe('the distribution of a file', () => {
  it.each([
    ['one provider holds all', { a: held([0, 9]) }, true],
    ['two complete each other, in any order', { a: held([4, 5]), b: held([0, 2], [2, 3]) }, true],
    ['there is a hole that nobody fills', { a: held([0, 4]), b: held([5, 4]) }, false],
    ['nobody holds anything', { a: held() }, false],
    ['nobody holds the end', { a: held([0, 8]) }, false],
    ['whoever may hold the rest cannot be asked', { a: held([0, 4]), b: failed }, null],
    ['nothing is missing, so it does not matter who cannot be asked', { a: held([0, 9]), b: failed }, true],
  ])('%s', (_, distributionPerProvider, answer) => {
    expect(holdsEverything({ type: 'REG', distributionPerProvider }, 9)).toBe(answer)
  })

  it('is understood in the form of 20.02', () => {
    const list = [
      { providerId: 'a', blocks: [[0, 4]], totalBlocksSize: 4 },
      { providerId: 'b', blocks: [[4, 5]], totalBlocksSize: 5 },
    ]

    expect(holdsEverything(list, 9)).toBe(true)
    expect(holdsEverything(list, 10)).toBe(false)
  })

  it('says nothing in a form that is not known, and an empty file lacks nothing', () => {
    expect(holdsEverything({ blocks: [] }, 9)).toBeNull()
    expect(holdsEverything([], 0)).toBe(true)
  })
})
