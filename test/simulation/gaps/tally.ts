import type { Played } from './play.ts'
import type { Scenario } from './scenario.ts'

/** What came of many scenarios; plain data, so that it goes from one process to another. */
export interface Tally {
  readonly scenarios: number
  /** Seeds of those that failed. */
  readonly failed: readonly number[]
  readonly expected: number
  readonly received: number
  readonly virtualMs: number
  readonly changes: number
  readonly calls: Readonly<Record<'reads' | 'listings' | 'pages' | 'streams' | 'openings' | 'answered', number>>
  /** Scenarios by way of watching. */
  readonly ways: Readonly<Record<string, number>>
}

const noCalls: Tally['calls'] = { reads: 0, listings: 0, pages: 0, streams: 0, openings: 0, answered: 0 }

export const emptyTally: Tally = {
  scenarios: 0,
  failed: [],
  expected: 0,
  received: 0,
  virtualMs: 0,
  changes: 0,
  calls: noCalls,
  ways: {},
}

export function tallyOf(seed: number, { setting }: Scenario, played: Played): Tally {
  const { problems, expected, received, virtualMs, changes, calls } = played
  const failed = problems.length === 0 ? [] : [seed]
  return {
    scenarios: 1,
    failed,
    expected,
    received,
    virtualMs,
    changes,
    calls: sum(noCalls, calls),
    ways: { [setting.via]: 1 },
  }
}

export function add(a: Tally, b: Tally): Tally {
  const ways = { ...a.ways }
  for (const [way, count] of Object.entries(b.ways)) ways[way] = (ways[way] ?? 0) + count
  return {
    scenarios: a.scenarios + b.scenarios,
    failed: [...a.failed, ...b.failed],
    expected: a.expected + b.expected,
    received: a.received + b.received,
    virtualMs: a.virtualMs + b.virtualMs,
    changes: a.changes + b.changes,
    calls: sum(a.calls, b.calls),
    ways,
  }
}

function sum(a: Tally['calls'], b: Tally['calls']): Tally['calls'] {
  return {
    reads: a.reads + b.reads,
    listings: a.listings + b.listings,
    pages: a.pages + b.pages,
    streams: a.streams + b.streams,
    openings: a.openings + b.openings,
    answered: a.answered + b.answered,
  }
}
