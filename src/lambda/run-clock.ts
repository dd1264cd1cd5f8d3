import { type Clock, createSystemClock } from '../lib/clock.ts'

/** A clock for runs that follow each other in one process. */
export interface RunClock extends Clock {
  /** Takes the machine's time anew: between two runs the process may have been frozen, and its monotonic clock with it. */
  restart(): void
}

/** `create` makes the clock of one run. */
export function createRunClock(create: () => Clock = createSystemClock): RunClock {
  let clock = create()
  return {
    now: () => clock.now(),
    wall: () => clock.wall(),
    timer: (delayMs, run) => clock.timer(delayMs, run),
    restart: () => {
      clock = create()
    },
  }
}
