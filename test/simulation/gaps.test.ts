import { describe, expect, it } from 'vitest'
import { Calls } from './gaps/calls.ts'
import { withoutReconcile } from './gaps/deaf-source.ts'
import { playScenario } from './gaps/play.ts'
import { scenarioOf, smallestFailing } from './gaps/search.ts'

/** Scenarios that each show a defect which was once planted: a first listing begun anew, a fresh read not heeded, a revision taken for an older one ... */
const planted = [16, 23, 66, 71, 78, 84, 260, 265, 449].map((index) => 1_000_000 + index)
/** Two that were there: a file whose attributes were refused in the first listing; a stream of no directory at all, when the folder was away. */
const found = [14_005_724, 18_009_877]
/** More of them: `npm run prove:gaps`. */
const seeds = [...Array.from({ length: 40 }, (_, index) => index + 1), ...planted, ...found]

describe('whatever a stream misses', () => {
  it('is repaired within one reconcile, each version once and never early, and for few requests', async () => {
    const problems: string[] = []
    let expected = 0
    for (const seed of seeds) {
      const played = await playScenario(scenarioOf(seed), { seed })
      problems.push(...played.problems.map((problem) => `scenario ${seed}: ${problem}`))
      expected += played.expected
    }

    expect(problems).toEqual([])
    expect(expected).toBeGreaterThan(seeds.length)
  })

  it('would be lost without that, and the harness says so', async () => {
    const lost: string[] = []
    for (const seed of seeds) {
      const { problems } = await playScenario(scenarioOf(seed), { seed, throughSource: withoutReconcile })
      lost.push(...problems.filter((problem) => problem.startsWith('lost: ')))
    }

    expect(lost.length).toBeGreaterThan(3)
  })
})

describe('a scenario', () => {
  it('plays the same again for the same seed', async () => {
    const [first, second] = [
      await playScenario(scenarioOf(7), { seed: 7 }),
      await playScenario(scenarioOf(7), { seed: 7 }),
    ]

    expect(second.digest).toBe(first.digest)
  })

  it('that fails is made smaller, in as many plays as are allowed, and still fails', async () => {
    const defect = { throughSource: withoutReconcile }
    const seed = await firstFailing()

    const small = (await smallestFailing(seed, { ...defect, mostPlays: 20 })) ?? scenarioOf(seed)

    expect(small.steps.length).toBeLessThanOrEqual(scenarioOf(seed).steps.length)
    expect((await playScenario(small, { seed, ...defect })).problems).not.toEqual([])
    expect(await smallestFailing(seed)).toBeNull()
  })
})

describe('the account of calls', () => {
  const setting = {
    versions: ['25.0'],
    via: 'events',
    lagMs: 0,
    store: 'memory',
    fromStart: false,
    hasShortPages: false,
  } as const
  const scenario = { setting: { ...setting, isCalm: false }, steps: [] }
  const asked = { scenario, changes: 10, acts: 5, entriesCost: false, intervalMs: 600_000, ms: 1_800_000, gaps: 0 }
  const read = {
    method: 'GET',
    url: 'http://provider/api/v3/oneprovider/data/F1?attributes=size',
    headers: {},
    body: undefined,
  }
  const page = { ...read, url: 'http://provider/api/v3/oneprovider/data/F1/files?limit=10' }
  const stream = { ...read, method: 'POST', url: 'http://provider/api/v3/oneprovider/spaces/S/events/files' }

  it('takes one request per read, and no more reads than changes, and ten in a hundred', () => {
    const calls = Object.assign(new Calls(), { reads: 13 })
    for (let count = 0; count < 15; count++) calls.note(read, 200)
    expect(calls.problems(asked)).toEqual([])

    calls.note(read, 200)
    calls.reads += 1
    expect(calls.problems(asked)).toEqual([expect.stringContaining('14 reads, 13 allowed')])
    calls.note(read, 200)
    calls.note(read, 200)
    expect(calls.problems(asked)).toContainEqual(expect.stringContaining('18 requests, 16 allowed'))
  })

  it('takes what is done in many pieces for one change where nothing goes wrong', () => {
    const calls = Object.assign(new Calls(), { reads: 8 })
    const calm = { ...asked, scenario: { ...scenario, setting: { ...setting, isCalm: true } } }

    expect(calls.problems(asked)).toEqual([])
    expect(calls.problems(calm)).toEqual([expect.stringContaining('8 reads, 7 allowed')])
  })

  it('leaves out what a fault ate', () => {
    const calls = new Calls()
    for (let count = 0; count < 100; count++) {
      calls.note(read, 503)
      calls.note(read, null)
    }

    expect(calls).toMatchObject({ answered: 0 })
    expect(calls.problems(asked)).toEqual([])
  })

  it.each([
    ['a page for each listing, read and new directory', 'pages', page, 'listings'],
    ['two streams for each opening', 'streams', stream, 'openings'],
  ] as const)('pays for %s, and minds more', (_what, kind, message, reason) => {
    const calls = Object.assign(new Calls(), { [reason]: 3 })
    for (let count = 0; count < 5; count++) calls.note(message, 200)
    expect(calls.problems(asked)).toEqual([])

    for (let count = 0; count < 20; count++) calls.note(message, 200)
    expect(calls.problems(asked)).toEqual([expect.stringContaining(`25 ${kind}`)])
  })

  it('minds listings that nothing asked for, and openings', () => {
    expect(Object.assign(new Calls(), { listings: 6 }).problems(asked)).toEqual([
      expect.stringContaining('6 listings, 5 allowed'),
    ])
    expect(Object.assign(new Calls(), { openings: 6 }).problems(asked)).toEqual([
      expect.stringContaining('6 openings, 5 allowed'),
    ])
  })
})

async function firstFailing(): Promise<number> {
  for (const seed of seeds) {
    const { problems } = await playScenario(scenarioOf(seed), { seed, throughSource: withoutReconcile })
    if (problems.length > 0) return seed
  }
  throw new Error('nothing fails without reconcile')
}
