import { describe, expect, it } from 'vitest'
import { inPieces, mostTogether } from '../../src/pipeline/pieces.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import type { Commit } from '../../src/store/store.ts'
import { aFile, aTrigger } from '../support/builders.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { PipelineWorld } from '../support/pipeline-world.ts'

const files = (count: number) => Array.from({ length: count }, (_, index) => aFile(`in/${index}`))
const cursor = { provider: 'p1', via: 'events', value: '7' } as const

describe('a batch in pieces', () => {
  it('holds everything once, in order, the cursor behind all of it', () => {
    const observations = files(2 * mostTogether + 1)
    const batch = { observations, ats: observations.map((_, index) => index), cursor, scan: 3 }

    const pieces = inPieces(batch)

    expect(pieces.flatMap(({ observations }) => observations)).toEqual(batch.observations)
    expect(pieces.flatMap(({ ats }) => ats)).toEqual(batch.ats)
    expect(pieces.map(({ ats }) => ats?.length)).toEqual([mostTogether, mostTogether, 1])
    expect(pieces.map((piece) => piece.cursor)).toEqual([undefined, undefined, cursor])
    expect(pieces.map(({ scan }) => scan)).toEqual([3, 3, 3])
  })

  it('is the batch itself where that is small', () => {
    const batch = { observations: files(mostTogether), cursor }

    expect(inPieces(batch)).toEqual([batch])
  })
})

describe('a large page of a listing', () => {
  it('is stored piece by piece, and the cursor never before what it covers', async () => {
    const clock = new FakeClock()
    const store = createMemoryStore(clock)
    const commits: Commit[] = []
    const commit = store.commit.bind(store)
    store.commit = (each) => {
      commits.push(each)
      return commit(each)
    }
    const world = new PipelineWorld([aTrigger()], clock, store)
    await world.scan()
    commits.length = 0

    await world.push(files(2_500), { cursor })

    expect(commits.map(({ states }) => states.length)).toEqual([1_000, 1_000, 500])
    expect(commits.map((each) => each.cursor)).toEqual([undefined, undefined, cursor])
  })
})
