import fc from 'fast-check'

/** Stand for what `JSON.stringify` cannot write: replaced in the text by a number beyond all numbers, and by 20,000 lists in each other. */
const [beyond, deep] = ['\u0001beyond', '\u0001deep']
const depth = 20_000

/** Keys that mean something to JavaScript, or to the one who reads. */
export const keys = fc.constantFrom(
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'length',
  '',
  'id',
  'fileId',
  'name',
  'path',
  'size',
  'mtime',
  'type',
)

/** Texts that names and ids are seldom made of. */
export const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '',
    '.',
    '..',
    '/',
    '../../etc/passwd',
    'a/b',
    '\u0000',
    '\ud800',
    'a\udfff',
    '\r\n',
    '%2e%2e%2f',
    '🎞️',
    'a'.repeat(300),
    '__proto__',
    'REG',
    'DIR',
    '\u001b[2J',
    '{{name}}',
    '$(id)',
  ),
)

const numbers = fc.oneof(
  fc.double(),
  fc.maxSafeInteger(),
  fc.constantFrom(-1, -0, 0.5, 1e15, 1e21, 1e300, 2 ** 53, 8.64e12, 8.64e12 + 1, beyond),
)

/** Any JSON, and what is not quite JSON: numbers without end, depth without end. */
export const junk: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: texts },
  { weight: 3, arbitrary: numbers },
  { weight: 2, arbitrary: fc.constantFrom(null, true, false, [], {}) },
  { weight: 1, arbitrary: fc.constant(deep) },
  { weight: 1, arbitrary: fc.array(fc.oneof(texts, numbers), { maxLength: 5 }) },
  { weight: 1, arbitrary: fc.array(fc.tuple(keys, fc.oneof(texts, numbers)), { maxLength: 4 }).map(asObject) },
  { weight: 1, arbitrary: fc.nat(20_000).map((length) => Array.from({ length }, () => 0)) },
)

/** One change to a JSON value: the place is counted through all places there are. */
export interface Mutation {
  readonly place: number
  readonly how: 'replace' | 'remove' | 'rename' | 'repeat'
  readonly junk: unknown
  readonly key: string
}

export const mutations: fc.Arbitrary<readonly Mutation[]> = fc.array(
  fc.record({
    place: fc.nat(1_000),
    how: fc.constantFrom('replace', 'replace', 'replace', 'remove', 'rename', 'repeat'),
    junk,
    key: keys,
  }),
  { minLength: 1, maxLength: 3 },
)

/** The value with these changes, as text. */
export function mutated(value: unknown, changes: readonly Mutation[]): string {
  return asText(changes.reduce((before, change) => mutateOnce(before, change), value))
}

export function asText(value: unknown): string {
  const text = JSON.stringify(value) ?? 'null'
  return text
    .replaceAll(JSON.stringify(beyond), '1e999')
    .replaceAll(JSON.stringify(deep), `${'['.repeat(depth)}${']'.repeat(depth)}`)
}

function mutateOnce(value: unknown, { place, how, junk: other, key }: Mutation): unknown {
  const count = placesOf(value)
  let left = place % count
  const visit = (node: unknown): unknown => {
    if (left-- === 0) return other
    if (Array.isArray(node)) return node.flatMap((each) => visitChild(each, (changed) => [changed]))
    if (typeof node !== 'object' || node === null) return node
    return asObject(Object.entries(node).flatMap(([name, each]) => visitEntry(name, each)))
  }
  const visitChild = (child: unknown, wrap: (changed: unknown) => unknown[]): unknown[] => {
    if (left !== 0 || how === 'replace' || how === 'rename') return wrap(visit(child))
    left -= 1
    return how === 'remove' ? [] : [child, child]
  }
  const visitEntry = (name: string, child: unknown): [string, unknown][] => {
    if (left !== 0 || how === 'replace') return [[name, visit(child)]]
    left -= 1
    if (how === 'remove') return []
    return how === 'rename'
      ? [[key, child]]
      : [
          [name, child],
          [key, child],
        ]
  }
  return visit(value)
}

function placesOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1
  return Object.values(value).reduce((sum: number, each) => sum + placesOf(each), 1)
}

/** As JSON.parse makes it: `__proto__` is a key like any other. */
function asObject(entries: readonly (readonly [string, unknown])[]): object {
  const object = {}
  for (const [key, value] of entries)
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
  return object
}
