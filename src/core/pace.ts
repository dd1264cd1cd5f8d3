/*
 * How fast attempts may begin: smooth below the configured rate, and below what the target was seen to take. A target that asks for less ("429")
 * gets half of what it had, and then a tenth more each second for as long as it takes it. One that answers nothing but errors gets half as much four
 * times a second, down to one attempt, so that it costs the others nothing; what it had comes back by doubling each second once something gets through.
 */

/** Pure: every function gives the next state. Times are milliseconds, rates attempts per second. */
export interface Pace {
  /** The configured ceiling; null = none. */
  readonly limit: number | null
  /** What the target takes, as far as it complained; null = it did not, or not lately. */
  readonly learned: number | null
  /** When `learned` reaches this, the complaint is forgotten. */
  readonly forgetAt: number
  /** What each success adds to `learned`. */
  readonly growth: number
  /** Failures since something got through. */
  readonly failures: number
  /** When it was last halved. */
  readonly cutAt: number
  /** When the next attempt may begin. */
  readonly nextAt: number
  /** Attempts that began in the current second, and in the one before. */
  readonly window: { readonly since: number; readonly count: number; readonly before: number }
}

/** Attempts may come together by this much, so that a high rate does not cost a timer each. */
const togetherMs = 20
const slowest = 0.2
/** What a complaint without a `Retry-After` asks for. */
const shortestPauseMs = 1_000
/** Each success adds this much to the rate: about a tenth of it per second, whatever it is; or as much again. */
const [slowGrowth, fastGrowth] = [0.1, 1]
/** Fewer failures in a row may be about their events. */
const failuresToSlow = 20
const slowedEveryMs = 250
const slowestWhenFailing = 1

export function freshPace(limit: number | null, now: number): Pace {
  return {
    limit,
    learned: null,
    forgetAt: 0,
    growth: slowGrowth,
    failures: 0,
    cutAt: Number.NEGATIVE_INFINITY,
    nextAt: now,
    window: { since: now, count: 0, before: 0 },
  }
}

/** The rate that holds now; null = as fast as it goes. */
export function rateOf({ limit, learned }: Pace): number | null {
  if (limit === null || learned === null) return limit ?? learned
  return Math.min(limit, learned)
}

/** How many of `wanted` attempts may begin now. */
export function mayBegin(pace: Pace, wanted: number, now: number): number {
  if (now < pace.nextAt) return 0
  const rate = rateOf(pace)
  if (rate === null) return wanted
  const saved = Math.min(now - pace.nextAt, togetherMs)
  return Math.min(wanted, Math.floor((saved * rate) / 1_000) + 1)
}

/** That many attempts began. */
export function paceAfterBegin(pace: Pace, count: number, now: number): Pace {
  const rate = rateOf(pace)
  const earliest = Math.max(pace.nextAt, now - togetherMs)
  const nextAt = rate === null ? pace.nextAt : earliest + (count * 1_000) / rate
  return { ...pace, nextAt, window: counted(pace.window, count, now) }
}

/** The target asked for less; `pauseMs` is what its `Retry-After` said, null = nothing. */
export function paceAfterThrottled(pace: Pace, pauseMs: number | null, now: number): Pace {
  const nextAt = Math.max(pace.nextAt, now + (pauseMs ?? shortestPauseMs))
  // What was under way together complains together: that is one complaint.
  if (now - pace.cutAt < shortestPauseMs) return { ...pace, nextAt }
  return { ...halved(pace, now, slowest), growth: slowGrowth, nextAt }
}

/** An attempt failed, and it may be about the target. */
export function paceAfterFailure(pace: Pace, now: number): Pace {
  const failures = pace.failures + 1
  if (failures < failuresToSlow || now - pace.cutAt < slowedEveryMs) return { ...pace, failures }
  return { ...halved(pace, now, slowestWhenFailing), growth: fastGrowth, failures }
}

function halved(pace: Pace, now: number, least: number): Pace {
  const { count, before } = counted(pace.window, 0, now)
  const had = rateOf(pace) ?? Math.max(count, before, 1)
  return {
    ...pace,
    learned: Math.max(had / 2, Math.min(had, least)),
    forgetAt: Math.max(pace.forgetAt, had * 2),
    cutAt: now,
  }
}

/** Something got through. */
export function paceAfterSuccess(pace: Pace): Pace {
  if (pace.learned === null) return pace.failures === 0 ? pace : { ...pace, failures: 0 }
  const learned = pace.learned + pace.growth
  if (learned < pace.forgetAt) return { ...pace, learned, failures: 0 }
  return { ...pace, learned: null, forgetAt: 0, failures: 0 }
}

function counted({ since, count, before }: Pace['window'], more: number, now: number): Pace['window'] {
  const elapsed = now - since
  if (elapsed < 1_000) return { since, count: count + more, before }
  return { since: now, count: more, before: elapsed < 2_000 ? count : 0 }
}
