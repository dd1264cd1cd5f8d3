import { describe, expect, it } from 'vitest'
import {
  freshPace,
  mayBegin,
  type Pace,
  paceAfterBegin,
  paceAfterFailure,
  paceAfterSuccess,
  paceAfterThrottled,
  rateOf,
} from '../../src/core/pace.ts'

/** How many begin in each second, when as many as may begin do, each millisecond. */
function perSecond(pace: Pace, seconds: number, wanted = 1_000, from = 0): { counts: number[]; pace: Pace } {
  const counts: number[] = []
  let state = pace
  for (let second = 0; second < seconds; second++) {
    let count = 0
    for (let now = from + second * 1_000; now < from + (second + 1) * 1_000; now++) {
      const may = mayBegin(state, wanted, now)
      if (may > 0) state = paceAfterBegin(state, may, now)
      count += may
    }
    counts.push(count)
  }
  return { counts, pace: state }
}

describe('the pace of a target', () => {
  it('has no limit unless it is given one', () => {
    expect(mayBegin(freshPace(null, 0), 500, 0)).toBe(500)
    expect(rateOf(freshPace(null, 0))).toBeNull()
  })

  it.each([0.5, 1, 7, 100, 1_000, 5_000])('lets %d a second begin', (rate) => {
    const { counts } = perSecond(freshPace(rate, 0), 10)
    const total = counts.reduce((sum, count) => sum + count, 0)
    expect(total).toBeGreaterThanOrEqual(Math.floor(rate * 9.98) - 1)
    expect(total).toBeLessThanOrEqual(Math.ceil(rate * 10) + Math.ceil(rate * 0.02) + 1)
  })

  it('spreads them evenly: after an idle hour no more come together than belong to 20 ms', () => {
    expect(mayBegin(freshPace(100, 0), 1_000, 3_600_000)).toBe(3)
    expect(mayBegin(freshPace(2, 0), 1_000, 3_600_000)).toBe(1)
  })

  it('is halved by a complaint, once for all that were under way together, and pauses for as long as was asked', () => {
    const { pace } = perSecond(freshPace(200, 0), 3)
    const complained = paceAfterThrottled(paceAfterThrottled(pace, 5_000, 3_000), null, 3_100)
    expect(rateOf(complained)).toBe(100)
    expect([mayBegin(complained, 10, 7_999), mayBegin(complained, 10, 8_000)]).toEqual([0, 1])
    expect(rateOf(paceAfterThrottled(complained, null, 9_000))).toBe(50)
  })

  it('learns from what was sent where nothing limits it', () => {
    const { pace } = perSecond(freshPace(null, 0), 1, 1)
    expect(rateOf(pace)).toBeNull()
    expect(rateOf(paceAfterThrottled(pace, null, 999))).toBe(500)
  })

  it('never stands still for good', () => {
    let pace = freshPace(null, 0)
    for (let second = 1; second < 100; second++) pace = paceAfterThrottled(pace, null, second * 2_000)
    expect(rateOf(pace)).toBe(0.2)
  })

  it('grows by a tenth a second while things get through, and forgets the complaint in the end', () => {
    let pace = paceAfterThrottled(perSecond(freshPace(null, 0), 1, 1).pace, null, 999)
    for (let success = 0; success < 500; success++) pace = paceAfterSuccess(pace)
    expect(rateOf(pace)).toBeCloseTo(550)
    for (let success = 0; success < 15_000; success++) pace = paceAfterSuccess(pace)
    expect(rateOf(pace)).toBeNull()
  })

  it('falls to one a second while nothing but errors comes back, and doubles each second when something gets through', () => {
    let { pace } = perSecond(freshPace(null, 0), 1, 1)
    for (let failure = 0; failure < 19; failure++) pace = paceAfterFailure(pace, 999)
    expect(rateOf(pace)).toBeNull()
    for (let now = 1_000; now < 6_000; now++) pace = paceAfterFailure(pace, now)
    expect(rateOf(pace)).toBe(1)
    for (let second = 6; second < 12; second++) {
      const taken = Math.round(rateOf(pace) ?? 0)
      for (let success = 0; success < taken; success++) pace = paceAfterSuccess(pace)
    }
    expect(rateOf(pace)).toBe(64)
  })

  it('does not fall for failures between which others get through', () => {
    let { pace } = perSecond(freshPace(null, 0), 1, 1)
    for (let now = 1_000; now < 6_000; now++) {
      pace = paceAfterFailure(pace, now)
      if (now % 10 === 0) pace = paceAfterSuccess(pace)
    }
    expect(rateOf(pace)).toBeNull()
  })

  it('never grows above what is configured', () => {
    let pace = paceAfterThrottled(perSecond(freshPace(10, 0), 2).pace, null, 2_000)
    for (let success = 0; success < 10_000; success++) pace = paceAfterSuccess(pace)
    expect(rateOf(pace)).toBe(10)
  })
})
