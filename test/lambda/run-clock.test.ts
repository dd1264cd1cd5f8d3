import { expect, it } from 'vitest'
import { createRunClock } from '../../src/lambda/run-clock.ts'
import { FakeClock } from '../support/fake-clock.ts'

it('takes the time anew in each run, for the monotonic clock may have stood still between two', () => {
  let machine = Date.UTC(2026, 0, 1)
  const clock = createRunClock(() => new FakeClock(machine))
  const first = clock.now()

  machine += 60_000
  const frozen = clock.now()
  clock.restart()

  expect(frozen).toBe(first)
  expect(clock.now()).toBe(first + 60_000)
  expect(clock.wall()).toBe(first + 60_000)
})
