import { expect, it } from 'vitest'
import { TreeTooLarge, WatchedDirectories } from '../../../src/sources/onedata/watched-directories.ts'

function aWatched(limit = Number.POSITIVE_INFINITY) {
  const watched = new WatchedDirectories(limit)
  watched.tree.set('in', 'in')
  return watched
}

it('gathers new directories for a second after the first of them', () => {
  const watched = aWatched()

  watched.found(new Map([['in', 'in']]), 5)
  expect([watched.isComplete, watched.widenAt]).toEqual([true, Number.POSITIVE_INFINITY])
  watched.found(new Map([['a', 'in/a']]), 10)
  watched.found(new Map([['b', 'in/b']]), 900)
  expect([watched.isComplete, watched.widenAt]).toEqual([false, 1_010])
  expect(watched.tree.ids()).toEqual(['in'])
})

it('watches all that it gathered from then on', () => {
  const watched = aWatched()
  const found = new Map([
    ['a', 'in/a'],
    ['b', 'in/b'],
  ])
  watched.found(found, 10)

  expect(watched.adopt()).toEqual(found)

  expect(watched.tree.ids()).toEqual(['in', 'a', 'b'])
  expect([watched.isComplete, watched.widenAt]).toEqual([true, Number.POSITIVE_INFINITY])
  watched.found(new Map([['c', 'in/c']]), 2_000)
  expect(watched.widenAt).toBe(3_000)
})

it('knows watched directories by the paths that a listing found, and no others', () => {
  const watched = aWatched()

  watched.rename(
    new Map([
      ['in', 'moved'],
      ['a', 'moved/a'],
    ]),
  )

  expect(watched.tree.path('in')).toBe('moved')
  expect(watched.tree.has('a')).toBe(false)
})

it('gives up beyond its limit, the new ones counted', () => {
  const watched = aWatched(2)
  watched.found(new Map([['a', 'in/a']]), 0)

  expect(() => watched.found(new Map([['b', 'in/b']]), 0)).toThrow(TreeTooLarge)
})
