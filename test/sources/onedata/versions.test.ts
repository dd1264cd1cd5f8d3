import { describe, expect, it } from 'vitest'
import { compareVersions, dialectOf, parseVersion } from '../../../src/sources/onedata/versions.ts'

describe('versions of a provider', () => {
  it('are ordered by number, whatever follows a dash', () => {
    const inOrder = [
      '18.02.3',
      '19.02.5',
      '20.02.0',
      '20.02.20',
      '21.02.0-alpha17',
      '21.02.4',
      '21.02.10-rc1',
      '25.0',
      '25.1',
    ]

    const sorted = inOrder.toReversed().toSorted((a, b) => compareVersions(parseVersion(a), parseVersion(b)))

    expect(sorted).toEqual(inOrder)
    expect(compareVersions(parseVersion('25.0'), parseVersion('25.0.0'))).toBe(0)
  })

  it.each([
    ['18.02.3', 'paths', 'path', 1_000, 'deprecated'],
    ['19.02.5', 'paths', 'metadataId', 1_000, 'deprecated'],
    ['20.02.0', 'paths', 'metadataId', 1_000, 'deprecated'],
    ['20.02.20', 'bare', 'id', 1_000, 'deprecated'],
    ['21.02.3', 'recursive', 'id', 1_000, 'deprecated'],
    ['21.02.4', 'recursive', 'id', 10_000, 'deprecated'],
    ['21.02.8', 'recursive', 'id', 10_000, 'current'],
    ['25.0', 'recursive', 'id', 10_000, 'current'],
    ['unreadable', 'paths', 'path', 1_000, 'deprecated'],
  ])('%s lists by %s and reads by %s', (text, listing, readBy, pageLimit, attributes) => {
    const dialect = dialectOf(parseVersion(text))

    expect(dialect.listings[0]).toBe(listing)
    expect(dialect).toMatchObject({ readBy, pageLimit, attributes })
  })
})
