import { expect, it, onTestFinished } from 'vitest'
import { createSystemClock, sleep } from '../../src/lib/clock.ts'

const threeDays = 3 * 86_400_000

it.each([threeDays, -threeDays])(
  'a jump of the machine’s clock by %i ms moves the wall clock, and nothing that is decided by',
  async (jump) => {
    const real = Date.now
    onTestFinished(() => {
      Date.now = real
    })
    const clock = createSystemClock()
    const [before, wallBefore] = [clock.now(), clock.wall()]

    Date.now = () => real() + jump
    await sleep(clock, 5, new AbortController().signal)

    expect(clock.now() - before).toBeGreaterThanOrEqual(4)
    expect(clock.now() - before).toBeLessThan(5_000)
    expect(Math.abs(clock.wall() - wallBefore - jump)).toBeLessThan(5_000)
  },
)
