import { describe, expect, it } from 'vitest'
import { Calls } from './gaps/calls.ts'
import { withoutReconcile } from './gaps/deaf-source.ts'
import { playScenario } from './gaps/play.ts'
import { scenarioOf, smallestFailing } from './gaps/search.ts'

/** More of them: `npm run prove:gaps`. */
const seeds = Array.from({ length: 30 }, (_, index) => index + 1)

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
  const asked = { changes: 10, entriesCost: false, intervalMs: 600_000, ms: 1_800_000, gaps: 0 }
  const read = {
    method: 'GET',
    url: 'http://provider/api/v3/oneprovider/data/F1?attributes=size',
    headers: {},
    body: undefined,
  }

  it('takes one request per change, and ten in a hundred more', () => {
    const calls = new Calls()
    for (let count = 0; count < 13; count++) calls.note(read, 200)
    expect(calls.problems(asked)).toEqual([])

    calls.note(read, 200)
    expect(calls.problems(asked)).toEqual([expect.stringContaining('14 requests, 13 allowed')])
  })

  it('leaves out what a fault ate, and pays for pages and streams', () => {
    const calls = new Calls()
    const page = { ...read, url: 'http://provider/api/v3/oneprovider/data/F1/files?limit=10' }
    const stream = { ...read, method: 'POST', url: 'http://provider/api/v3/oneprovider/spaces/S/events/files' }
    for (let count = 0; count < 100; count++) {
      calls.note(read, 503)
      calls.note(read, null)
      calls.note(page, 200)
      calls.note(stream, 200)
    }

    expect(calls).toMatchObject({ answered: 200, pages: 100, streams: 100 })
    expect(calls.problems(asked)).toEqual([])
  })

  it('minds listings that nothing asked for, and reads without a change', () => {
    const calls = Object.assign(new Calls(), { listings: 6, reads: 14 })

    expect(calls.problems(asked)).toEqual(['14 reads for 10 changes of files', '6 listings, 5 allowed'])
  })
})

async function firstFailing(): Promise<number> {
  for (const seed of seeds) {
    const { problems } = await playScenario(scenarioOf(seed), { seed, throughSource: withoutReconcile })
    if (problems.length > 0) return seed
  }
  throw new Error('nothing fails without reconcile')
}
