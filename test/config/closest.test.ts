import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { closest, suggestion } from '../../src/config/closest.ts'

const keys = ['stableFor', 'stalledAfter', 'marker', 'xattr', 'holes', 'via']

describe('the word that was probably meant', () => {
  it.each([
    ['stablefor', 'stableFor'],
    ['stabelFor', 'stableFor'],
    ['markers', 'marker'],
    ['xatr', 'xattr'],
    ['hole', 'holes'],
    ['xtatr', 'xattr'],
    ['vai', 'via'],
  ])('of "%s" is "%s"', (written, meant) => {
    expect(closest(written, keys)).toBe(meant)
  })

  it('is the nearest of several', () => expect(closest('cat', ['cart', 'cats', 'Cat'])).toBe('Cat'))

  it.each(['', 'zone', 'stable', 'x', 'mrkr2'])('of "%s" is none', (written) => {
    expect(closest(written, keys)).toBeNull()
  })

  it('is found within two changes of any longer word', () => {
    const longWord = fc.string({ minLength: 7, maxLength: 20, unit: fc.constantFrom(...'abcdefgh') })
    fc.assert(
      fc.property(longWord, fc.nat(), fc.nat(), (word, first, second) => {
        const dropped = without(without(word, first), second)

        expect(closest(dropped, [word])).toBe(word)
      }),
    )
  })

  it('comes as a question, or else with what there is', () => {
    expect(suggestion('marke', keys)).toBe('; did you mean "marker"?')
    expect(suggestion('zone', ['a', 'b'])).toBe('; there is a, b')
    expect(suggestion('zone', [])).toBe('; there is none')
  })
})

function without(word: string, index: number): string {
  const at = index % word.length
  return word.slice(0, at) + word.slice(at + 1)
}
