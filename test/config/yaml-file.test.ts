import { describe, expect, it } from 'vitest'
import { parseYaml } from '../../src/config/yaml-file.ts'
import { problemsOf, withFile } from './load-input.ts'

describe('a YAML file', () => {
  it('gives plain values, with anchors followed', () => {
    const { raw } = parseYaml('a: &x { b: 1 }\nc: *x\nlist: [yes, on]\n', 'f.yaml')

    expect(raw).toEqual({ a: { b: 1 }, c: { b: 1 }, list: ['yes', 'on'] })
  })

  it('knows the line of every part, and of the nearest one that exists', () => {
    const { locate } = parseYaml('\na:\n  b: 1\n  list:\n    - x\n    - y\n', 'f.yaml')

    expect(locate(['a', 'b'])).toEqual({ line: 3, text: 'f.yaml:3: a.b' })
    expect(locate(['a', 'list', 1])).toEqual({ line: 6, text: 'f.yaml:6: a.list[1]' })
    expect(locate(['a', 'missing'])).toEqual({ line: 2, text: 'f.yaml:2: a.missing' })
    expect(locate([])).toEqual({ line: 2, text: 'f.yaml:2' })
  })

  it('knows the line of what stands behind an alias', () => {
    const { locate } = parseYaml('a: &x\n  b: 1\nc: *x\n', 'f.yaml')

    expect(locate(['c', 'b']).line).toBe(2)
  })

  it.each([
    ['a tab', 'a:\n\tb: 1\n', 'f.yaml:2: indentation is made of blanks, not of tabs'],
    [
      'a leading * without quotes',
      'a: 1\ninclude: [*.avi]\n',
      'f.yaml:2: a value that begins with * must be in quotes, as "*.avi"',
    ],
    ['a name that is used twice', 'a: 1\nb: 2\na: 3\n', 'f.yaml:3: this name is used twice'],
    ['a leading - without quotes', 'a: 1\nfolder: - in\n', 'f.yaml:2: an item of a list begins with "- "'],
    ['a second document', 'a: 1\n---\nb: 1\n', 'f.yaml:2: one file holds one configuration'],
    ['a map as key', '? { a: 1 }\n: 2\n', 'f.yaml:1: a key must be a word'],
    ['an alias inside of itself', 'a: &x [*x]\n', 'f.yaml:1: *x stands inside of what it stands for'],
    ['a tag', 'a: !!js/function "x"\n', 'f.yaml:1: this is not YAML as it is expected here'],
    ['an open quote', 'a: "b\n', 'this is not YAML'],
    ['a dangerous key', 'a: 1\n__proto__: { b: 1 }\n', 'f.yaml:2: this is not a name'],
  ])('with %s is refused with the line', (_what, text, message) => {
    expect(() => parseYaml(text, 'f.yaml')).toThrow(message)
  })

  it('tells all its errors, one for each line', () => {
    const text = 'a: [*x]\nb:\n\t- 1\nc: 1\nc: 2\n'

    expect(() => parseYaml(text, 'f.yaml')).toThrow(/^f\.yaml:1: .*\nf\.yaml:3: .*\nf\.yaml:5: .*$/)
  })

  it('that is wrong on each of its lines tells the first hundred, and how many more there are', () => {
    const lines = problemsOf(withFile('a:\n'.repeat(400)))

    expect(lines).toHaveLength(101)
    expect(lines.at(-1)).toBe('and 299 more')
    expect(problemsOf(withFile('>'.repeat(9_000))).every((line) => line.length <= 503)).toBe(true)
  })

  it('with more aliases than anybody writes is refused, for each of them is looked up in the whole file', () => {
    const aliases = Array.from({ length: 201 }, () => '*a').join(', ')

    expect(problemsOf(withFile(`a: &a x\nb: [${aliases}]`))).toEqual([
      'f.yaml:2: a file may have no more than 200 aliases',
    ])
  })

  it('that unfolds into billions is refused in no time', () => {
    const levels = Array.from({ length: 30 }, (_, n) => `l${n + 1}: &l${n + 1} [*l${n}, *l${n}, *l${n}, *l${n}]`)
    const bomb = ['l0: &l0 [x, x]', ...levels].join('\n')
    const began = performance.now()

    expect(() => parseYaml(bomb, 'f.yaml')).toThrow('f.yaml: ')

    expect(performance.now() - began).toBeLessThan(2_000)
  })

  it('that is larger than a configuration can be is refused unread', () => {
    expect(() => parseYaml(`# ${'x'.repeat(1_048_576)}`, 'f.yaml')).toThrow('larger than 1 MiB')
  })
})
