import { describe, expect, it } from 'vitest'
import { readAttributes } from '../../../src/sources/onedata/attributes.ts'
import { boundedXattr } from '../../../src/sources/onedata/bounded-xattr.ts'
import {
  isPossiblePath,
  toldId,
  toldName,
  toldRate,
  toldSequence,
  toldSize,
  toldTime,
} from '../../../src/sources/onedata/told.ts'

describe('what a provider tells', () => {
  const kinds: readonly [string, (value: unknown) => unknown, unknown, readonly unknown[]][] = [
    ['a name', toldName, 'ä🎞.tif', ['', '.', '..', 'a/b', 'a\u0000', 'half \ud83c', 7, null]],
    ['an id', toldId, '00A0/x', ['', 'a\u0000', '\udfff', 7, undefined]],
    ['a size', toldSize, 2 ** 53 - 1, [-1, Number.POSITIVE_INFINITY, 2 ** 53, Number.NaN, '5']],
    ['a time', toldTime, 8_640_000_000_000, [-1, 8_640_000_000_001, Number.POSITIVE_INFINITY, 'now']],
    ['a rate', toldRate, 0.5, [-0.1, 1.1, Number.NaN, '1']],
    ['a sequence number', toldSequence, 12, [-1, 1.5, 1e300, Number.POSITIVE_INFINITY, '12']],
  ]

  it.each(kinds)('counts as %s only where it can be one', (_what, read, good, bad) => {
    expect(read(good)).toBe(good)
    expect(bad.map((value) => read(value))).toEqual(bad.map(() => null))
  })

  it('is a path where all of it are names', () => {
    expect(isPossiblePath('in/a.bin')).toBe(true)
    expect(['', '/in', 'in/', 'in//a', 'in/../a', 'in/\u0000'].filter(isPossiblePath)).toEqual([])
  })

  it('keeps of a long or deep extended attribute its beginning only', () => {
    const deep: unknown = JSON.parse(`${'['.repeat(20_000)}${']'.repeat(20_000)}`)

    expect(boundedXattr({ a: 1 })).toEqual({ a: 1 })
    expect(boundedXattr(null)).toBe(null)
    for (const value of [deep, 'x'.repeat(1e6), { a: 'x'.repeat(1e6) }, Array.from({ length: 1e5 }, () => 0)]) {
      expect(JSON.stringify(boundedXattr(value)).length).toBeLessThan(5_000)
    }
  })

  it('counts as not told in attributes where it cannot be', () => {
    const raw = {
      fileId: 'f\u0000',
      id: 'f1',
      name: '..',
      size: -1,
      mtime: 1e300,
      localReplicationRate: 7,
      type: 'REG',
    }

    expect(readAttributes(raw, { providerId: 'p1', xattrs: [] })).toEqual({
      fileId: 'f1',
      name: null,
      path: null,
      type: 'file',
      facts: {},
    })
  })
})
