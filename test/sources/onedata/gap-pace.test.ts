import { expect, it } from 'vitest'
import { GapPace } from '../../../src/sources/onedata/gap-pace.ts'

/** When listings begin, where a gap is suspected all the time. */
function listingsWithin(ms: number): readonly number[] {
  const pace = new GapPace()
  const begun: number[] = []
  for (let now = 0; now < ms; now = Math.max(now + 200, pace.opensAt)) {
    pace.note(now)
    begun.push(now)
  }
  return begun
}

it('lists at once for the first gap, and ever less often while they come one after the other', () => {
  const begun = listingsWithin(600_000)

  expect(begun.slice(0, 5)).toEqual([0, 1_000, 3_000, 7_000, 15_000])
  expect(begun.length).toBeLessThan(16)
})

it('lists at once again after two minutes without', () => {
  const pace = new GapPace()
  for (const now of [0, 1_000, 3_000, 7_000]) pace.note(now)

  pace.note(130_000)

  expect(pace.opensAt).toBe(131_000)
  expect(new GapPace().opensAt).toBeLessThan(0)
})
