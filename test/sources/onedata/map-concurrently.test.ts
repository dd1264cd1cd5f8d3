import { expect, it } from 'vitest'
import { mapConcurrently } from '../../../src/sources/onedata/map-concurrently.ts'

it('gives results in order, whichever is ready first, and runs no more at once than it may', async () => {
  let running = 0
  let most = 0

  const doubled = await mapConcurrently([5, 1, 4, 2, 3], 2, async (item) => {
    most = Math.max(most, ++running)
    for (let turns = 0; turns < item; turns++) await Promise.resolve()
    running -= 1
    return item * 2
  })

  expect(doubled).toEqual([10, 2, 8, 4, 6])
  expect(most).toBe(2)
  expect(await mapConcurrently([], 2, async () => 1)).toEqual([])
})

it('begins no more when one has failed', async () => {
  const begun: number[] = []

  const mapping = mapConcurrently([1, 2, 3, 4, 5, 6], 2, async (item) => {
    begun.push(item)
    await Promise.resolve()
    if (item === 2) throw new Error('failed')
  })

  await expect(mapping).rejects.toThrow('failed')
  await new Promise((resolve) => setImmediate(resolve))
  expect(begun.length).toBeLessThan(5)
})
