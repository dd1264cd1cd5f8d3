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

it('watches no more what two whole listings in a row lacked, so that what leaves makes room', () => {
  const watched = aWatched(2)
  watched.found(new Map([['old', 'in/old']]), 0)
  watched.adopt()
  const found = new Map([['in', 'in']])

  watched.listed(found, [], watched.tree.ids())
  expect(watched.tree.has('old')).toBe(true)
  watched.listed(found, [], watched.tree.ids())

  expect(watched.tree.ids()).toEqual(['in'])
  expect(() => watched.found(new Map([['new', 'in/new']]), 0)).not.toThrow()
})

it('goes on watching what a listing lacked that could not be read, came while it ran, or is found by the next', () => {
  const watched = aWatched()
  const found = new Map([['in', 'in']])
  watched.found(
    new Map([
      ['closed', 'in/closed'],
      ['back', 'in/back'],
    ]),
    0,
  )
  watched.adopt()

  for (let listing = 0; listing < 4; listing++) {
    const before = watched.tree.ids()
    watched.found(new Map([[`new-${listing}`, `in/new-${listing}`]]), 0)
    watched.adopt()
    const seen = listing % 2 === 0 ? found : new Map([...found, ['back', 'in/back']])
    watched.listed(
      new Map([...seen, ...before.filter((id) => id.startsWith('new')).map((id) => [id, `in/${id}`] as const)]),
      ['in/closed'],
      before,
    )
  }

  expect(watched.tree.ids()).toEqual(['in', 'closed', 'back', 'new-0', 'new-1', 'new-2', 'new-3'])
})

it('always has something to watch, though the folder itself has left', () => {
  const watched = aWatched()
  watched.found(new Map([['a', 'in/a']]), 0)
  watched.adopt()

  for (let listing = 0; listing < 3; listing++) watched.listed(new Map(), [], watched.tree.ids())

  expect(watched.tree.ids()).toEqual(['in'])
})
