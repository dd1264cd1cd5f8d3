import { expect, it } from 'vitest'
import { Rush } from '../../../../src/targets/http/thread/rush.ts'

const many = 10

/** So many requests at one moment; what the last was told. */
function requests(rush: Rush, count: number, at: number): boolean {
  return Array.from({ length: count }, () => rush.one(at)).at(-1) === true
}

it('begins with the request that makes them many within a second', () => {
  const rush = new Rush(many, 5_000)
  expect(requests(rush, many - 1, 0)).toBe(false)
  expect(rush.one(999)).toBe(true)
})

it('does not begin where they spread over more than a second', () => {
  const rush = new Rush(many, 5_000)
  expect(requests(rush, many - 1, 0)).toBe(false)
  expect(requests(rush, many - 1, 1_000)).toBe(false)
  expect(requests(rush, many - 1, 2_500)).toBe(false)
})

it('lasts until they were not many for so long', () => {
  const rush = new Rush(many, 5_000)
  requests(rush, many, 0)
  expect(rush.one(4_999)).toBe(true)
  expect(rush.isOn(5_000)).toBe(false)
  expect(rush.one(5_000)).toBe(false)
})

it('lasts on while they are many', () => {
  const rush = new Rush(many, 5_000)
  for (let at = 0; at <= 20_000; at += 4_000) requests(rush, many, at)
  expect(rush.isOn(24_999)).toBe(true)
  expect(rush.isOn(25_000)).toBe(false)
})
