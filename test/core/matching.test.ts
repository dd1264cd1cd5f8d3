import fc from 'fast-check'
import picomatch from 'picomatch'
import { describe, expect, it } from 'vitest'
import { compileGlobs, createMatcher, defaultIgnore, type Role } from '../../src/core/matching.ts'
import type { Trigger } from '../../src/core/trigger.ts'
import { aPolicy, aTrigger } from '../support/builders.ts'

function kindOf(path: string, overrides: Partial<Trigger> = {}): Role['kind'] {
  return createMatcher(aTrigger(overrides)).role(path).kind
}

const withMarker = { completion: aPolicy({ marker: '{name}.done' }) }

describe('the folder', () => {
  it('holds what lies below it at any depth, and nothing beside it', () => {
    expect(kindOf('in/a.txt')).toBe('file')
    expect(kindOf('in/deep/er/a.txt')).toBe('file')
    expect(kindOf('in')).toBe('foreign')
    expect(kindOf('inside/a.txt')).toBe('foreign')
    expect(kindOf('other/in/a.txt')).toBe('foreign')
  })

  it('may be the whole space', () => {
    expect(kindOf('a.txt', { folder: '' })).toBe('file')
    expect(kindOf('any/where/a.txt', { folder: '' })).toBe('file')
  })

  it('may hold something in its directories only', () => {
    const matcher = createMatcher(aTrigger({ folder: 'in/x' }))

    expect(['in/x', 'in/x/y', 'in', 'in/xy'].map((dir) => matcher.mayHold(dir))).toEqual([true, true, false, false])
  })
})

/** Names and globs made of what means something to either. */
const pieces = fc.array(
  fc.constantFrom(
    'a',
    'b',
    '.',
    '..',
    '*',
    '**',
    '?',
    '/',
    '[ab]',
    '{a,b}',
    '!',
    '(',
    ')',
    '|',
    '+(a)',
    '\\',
    ' ',
    'é',
  ),
  {
    minLength: 1,
    maxLength: 6,
  },
)

describe('globs', () => {
  it('mean together what each of them means to picomatch', () => {
    const text = pieces.map((each) => each.join(''))
    fc.assert(
      fc.property(fc.array(text, { maxLength: 4 }), text, text, (globs, below, name) => {
        const one = globs.some((glob) => picomatch(glob, { dot: true })(glob.includes('/') ? below : name))
        expect(compileGlobs(globs)(below, name)).toBe(one)
      }),
      { numRuns: 2_000 },
    )
  })

  it('without a slash are about the name, with one about the path below the folder', () => {
    expect(kindOf('in/deep/a.avi', { include: ['*.avi'] })).toBe('file')
    expect(kindOf('in/deep/a.avi', { include: ['deep/*.avi'] })).toBe('file')
    expect(kindOf('in/deep/er/a.avi', { include: ['deep/*.avi'] })).toBe('foreign')
    expect(kindOf('in/deep/er/a.avi', { include: ['deep/**/*.avi'] })).toBe('file')
    expect(kindOf('in/a.txt', { include: ['*.avi', '*.mp4'] })).toBe('foreign')
  })

  it('match hidden files, braces, blanks, quotes, brackets in names and emoji', () => {
    expect(kindOf('in/.hidden')).toBe('file')
    expect(kindOf('in/.hidden.avi', { include: ['*.avi'] })).toBe('file')
    expect(kindOf('in/a.mp4', { include: ['*.{avi,mp4}'] })).toBe('file')
    for (const name of ['a b', '#1', 'what?', '100%41', "it's", '"x"', '-rf', '[a]', '🎬', 'ünï', '..x', 'a\nb'])
      expect(kindOf(`in/${name}.avi`, { include: ['*.avi'] })).toBe('file')
  })

  it('take names with other letter cases as other names', () => {
    expect(kindOf('in/A.AVI', { include: ['*.avi'] })).toBe('foreign')
  })

  it('leave out what is excluded, even where it is included, and all of an excluded folder', () => {
    expect(kindOf('in/a.avi', { include: ['*.avi'], exclude: ['a*'] })).toBe('foreign')
    expect(kindOf('in/old/deep/a.avi', { exclude: ['old'] })).toBe('foreign')
    expect(kindOf('in/x/old/a.avi', { exclude: ['x/old'] })).toBe('foreign')
    expect(kindOf('in/x/older/a.avi', { exclude: ['x/old'] })).toBe('file')
  })
})

describe('temporary names', () => {
  it('are those that uploaders, FUSE and rsync use', () => {
    const names = [
      'a.part',
      'a.partial',
      'a.tmp',
      'a.crdownload',
      'a.filepart',
      '.a.avi.Xy3zQ9',
      '.fuse_hidden01',
      '.nfs1',
    ]

    for (const name of [...names, '.__onedata__x']) expect(kindOf(`in/${name}`)).toBe('temporary')
    for (const name of ['a.parts', 'part', '.hidden', 'a.tmp.avi', '.a.avi.Xy3zQ9.txt'])
      expect(kindOf(`in/${name}`)).toBe('file')
  })

  it('count before what is included, for the final name may match', () => {
    expect(kindOf('in/a.avi.part', { include: ['*.avi'] })).toBe('temporary')
  })

  it('are what the trigger says', () => {
    expect(kindOf('in/a.part', { completion: aPolicy({ ignore: ['*.uploading'] }) })).toBe('file')
    expect(kindOf('in/a.uploading', { completion: aPolicy({ ignore: [...defaultIgnore, '*.uploading'] }) })).toBe(
      'temporary',
    )
  })
})

describe('markers', () => {
  it('name the file they speak for, in the same folder', () => {
    const matcher = createMatcher(aTrigger(withMarker))

    expect(matcher.role('in/x/a.avi.done')).toEqual({ kind: 'marker', of: 'in/x/a.avi' })
    expect(matcher.markerOf('in/x/a.avi')).toBe('in/x/a.avi.done')
    expect(createMatcher(aTrigger()).markerOf('in/x/a.avi')).toBeNull()
  })

  it('may stand around the name', () => {
    const matcher = createMatcher(aTrigger({ completion: aPolicy({ marker: '.{name}.ok' }) }))

    expect(matcher.markerOf('in/a')).toBe('in/.a.ok')
    expect(matcher.role('in/.a.ok')).toEqual({ kind: 'marker', of: 'in/a' })
    expect(matcher.role('in/..ok').kind).toBe('file')
  })

  it('never count as files, whatever else their names match', () => {
    expect(kindOf('in/a.avi.done', { ...withMarker, include: ['*.avi'] })).toBe('marker')
    expect(kindOf('in/a.avi.done', { ...withMarker, exclude: ['*.done'] })).toBe('marker')
    expect(kindOf('in/a.avi.tmp', { completion: aPolicy({ marker: '{name}.tmp' }) })).toBe('marker')
    expect(kindOf('in/a.txt.done', { ...withMarker, include: ['*.avi'] })).toBe('foreign')
    expect(kindOf('in/a.part.done', withMarker)).toBe('foreign')
    expect(kindOf('in/a.done.done', withMarker)).toBe('foreign')
    expect(kindOf('elsewhere/a.done', withMarker)).toBe('foreign')
  })
})

describe('a name that two providers gave', () => {
  const providers = ['5c8091deced8e7d2ch6d25', '6c21ffch47a3']
  const roleOf = (path: string, overrides: Partial<Trigger> = {}) =>
    createMatcher(aTrigger(overrides), providers).role(path)

  it.each([
    ['in/a.mp4@5c8091', 'file'],
    ['in/a.mp4@6c21ffch47a3', 'file'],
    ['in/batch@6c21/a.mp4', 'file'],
    ['in/x.part@5c8091', 'temporary'],
    ['in/a.txt@5c8091', 'foreign'],
    // No id of a provider of the space, too little of one, or no name before it.
    ['in/a.mp4@7777', 'foreign'],
    ['in/a.mp4@5c8', 'foreign'],
    ['in/x.part@7777', 'foreign'],
    ['in/@5c8091', 'foreign'],
    // Another folder than the one that is watched.
    ['in@5c8091/a.mp4', 'foreign'],
  ])('%s is %s', (path, kind) => {
    expect(roleOf(path, { include: ['*.mp4'] }).kind).toBe(kind)
  })

  it('has the marker of the name', () => {
    const { role, markerOf } = createMatcher(aTrigger(withMarker), providers)

    expect(markerOf('in/a.mp4@5c8091')).toBe('in/a.mp4.done')
    expect(role('in/a.mp4.done@5c8091')).toEqual({ kind: 'marker', of: 'in/a.mp4' })
  })

  it('is left out with the directory that is', () => {
    expect(roleOf('in/old@6c21/a.mp4', { exclude: ['old'] }).kind).toBe('foreign')
  })
})
