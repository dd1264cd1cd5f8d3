import { expect, it } from 'vitest'
import { StreamIds } from '../../../src/sources/onedata/stream-ids.ts'

function someIds(stored: number | null) {
  const gaps: string[] = []
  return { gaps, ids: new StreamIds(stored, (reason) => gaps.push(reason)) }
}

function idsFrom(first: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => first + index)
}

it('takes ids that grow, and passes over those that were done already', () => {
  const { gaps, ids } = someIds(10)

  expect([10, 9, 11, 11, 20].map((id) => ids.take(id))).toEqual([false, false, true, false, true])
  expect(ids.read).toBe(20)
  expect(gaps).toEqual([])
})

it('takes the first id whatever it is, where none is known', () => {
  const { gaps, ids } = someIds(null)
  ids.failed()

  expect(ids.take(1_000)).toBe(true)
  expect(gaps).toEqual([])
})

it('reads again what was not stored when the stream goes on', () => {
  const { ids } = someIds(1)
  for (const id of [2, 3]) ids.take(id)
  ids.stored = 2

  ids.resume()

  expect(ids.read).toBe(2)
  expect([2, 3].map((id) => ids.take(id))).toEqual([false, true])
})

it('suspects a gap where the first id after a failure jumps, and nowhere else', () => {
  const { gaps, ids } = someIds(1)

  ids.take(1_000)
  ids.failed()
  ids.take(1_100)
  ids.take(2_000)
  expect(gaps).toEqual([])
  ids.failed()
  ids.take(1_500)
  ids.take(2_101)
  expect(gaps).toEqual(['many ids were passed over after a failure'])
})

it('believes a provider that counts anew after 50 old ids in a row', () => {
  const { gaps, ids } = someIds(1_000)

  expect(idsFrom(1, 49).some((id) => ids.take(id))).toBe(false)
  expect(gaps).toEqual([])
  expect([50, 51].map((id) => ids.take(id))).toEqual([true, true])
  expect(gaps).toEqual(['the provider counts its changes anew'])
  expect(ids.read).toBe(51)
})

it('believes no provider that tells something new among old ids', () => {
  const { gaps, ids } = someIds(1_000)

  for (const id of [...idsFrom(1, 49), 1_001, ...idsFrom(50, 49)]) ids.take(id)

  expect(gaps).toEqual([])
  expect(ids.read).toBe(1_001)
})

it('counts old ids across streams, for a provider may cut each of them', () => {
  const { gaps, ids } = someIds(1_000)

  for (const id of idsFrom(1, 50)) {
    ids.resume()
    ids.take(id)
  }

  expect(gaps).toEqual(['the provider counts its changes anew'])
})

/** A wider stream, asked for behind `asked`, is read now that the narrower one was read up to 1,200. */
function widerFrom(asked: number | null) {
  const { gaps, ids } = someIds(asked)
  expect(ids.ask()).toBe(asked)
  for (const id of idsFrom(1_001, 200)) ids.take(id)
  ids.stored = ids.read
  ids.resume()
  return { gaps, ids }
}

it('takes what a wider stream tells again for no news and for no new count', () => {
  const { gaps, ids } = widerFrom(1_000)

  expect(idsFrom(1_000, 201).some((id) => ids.take(id))).toBe(false)
  expect(ids.take(1_201)).toBe(true)
  expect(gaps).toEqual([])
})

it('takes what comes again for no new count where the streams were asked for without an id', () => {
  const { gaps, ids } = widerFrom(null)

  expect(idsFrom(1_001, 200).some((id) => ids.take(id))).toBe(false)
  expect(gaps).toEqual([])
})

it('believes in a new count where a wider stream tells ids below the one that it was asked for', () => {
  const { gaps, ids } = widerFrom(1_000)

  expect(
    idsFrom(1, 50)
      .map((id) => ids.take(id))
      .lastIndexOf(true),
  ).toBe(49)
  expect(gaps).toEqual(['the provider counts its changes anew'])
})

it('believes in a new count once a wider stream is past what came again, and after the next was asked for', () => {
  const { gaps, ids } = widerFrom(1_000)
  ids.take(1_201)
  ids.stored = ids.read

  for (const id of idsFrom(1_050, 25)) ids.take(id)
  ids.ask()
  ids.resume()
  for (const id of idsFrom(1_075, 25)) ids.take(id)

  expect(gaps).toEqual(['the provider counts its changes anew'])
})
