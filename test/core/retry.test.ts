import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultRetry, nextStep, parseRetryAfter } from '../../src/core/retry.ts'

const failed = { kind: 'retry', reason: 'it answered 500' } as const
const [second, minute, hour] = [1_000, 60_000, 3_600_000]

function waits(random = 0.5): { readonly waits: readonly number[]; readonly end: string } {
  const found: number[] = []
  for (let attempt = 1; ; attempt++) {
    const step = nextStep({ attempt }, failed, defaultRetry, 0, random)
    if (step.kind === 'dead') return { waits: found, end: step.reason }
    found.push(step.nextAt)
  }
}

describe('the schedule', () => {
  it('is that of the documentation: the waits add up to three days, then it is given up', () => {
    const { waits: all, end } = waits()
    const listed = [5 * second, 30 * second, 2 * minute, 10 * minute, 30 * minute, hour, 2 * hour, 5 * hour, 10 * hour]
    expect(all.slice(0, 9)).toEqual(listed)
    expect(new Set(all.slice(9))).toEqual(new Set([10 * hour]))
    expect(all.reduce((sum, wait) => sum + wait, 0)).toBeLessThanOrEqual(72 * hour)
    expect(all.reduce((sum, wait) => sum + wait, 0)).toBeGreaterThan(62 * hour)
    expect(end).toBe(`it answered 500 (given up after ${all.length + 1} attempts)`)
  })

  it('spreads each wait by a fifth, and never more', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (attempt, random) => {
          const [plain, spread] = [0.5, random].map((each) => nextStep({ attempt }, failed, defaultRetry, 0, each))
          if (plain?.kind !== 'again' || spread?.kind !== 'again') throw new Error('given up too early')
          expect(Math.abs(spread.nextAt - plain.nextAt)).toBeLessThanOrEqual(plain.nextAt * 0.2 + 1)
        },
      ),
    )
  })

  it('waits as long as the receiver asks, up to the cap, and never less than planned', () => {
    const asked = (retryAfterMs: number) => nextStep({ attempt: 1 }, { ...failed, retryAfterMs }, defaultRetry, 0, 0.5)
    expect(asked(2 * minute)).toEqual({ kind: 'again', nextAt: 2 * minute })
    expect(asked(30 * 24 * hour)).toEqual({ kind: 'again', nextAt: hour })
    expect(asked(1)).toEqual({ kind: 'again', nextAt: 5 * second })
  })

  it('gives up at once what is rejected', () => {
    const step = nextStep({ attempt: 1 }, { kind: 'rejected', reason: 'it answered 422' }, defaultRetry, 0, 0.5)
    expect(step).toEqual({ kind: 'dead', reason: 'it answered 422' })
  })
})

describe('Retry-After', () => {
  const now = Date.UTC(2026, 10, 23, 10, 0, 0)
  it.each([
    ['120', 120_000],
    ['0.5', 500],
    [' 7 ', 7_000],
    ['Mon, 23 Nov 2026 10:00:30 GMT', 30_000],
    ['Mon, 23 Nov 2026 09:00:00 GMT', 0],
    ['soon', null],
    ['-5', null],
    ['2026-11-23', null],
    ['', null],
    ['9'.repeat(400), Number.MAX_SAFE_INTEGER],
  ])('%j is %j ms', (header, ms) => expect(parseRetryAfter(header, now)).toBe(ms))

  it('that is absent is none', () => expect(parseRetryAfter(undefined, now)).toBeNull())
})
