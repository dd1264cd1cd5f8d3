import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { loadConfig } from '../../src/config/load.ts'
import { ConfigError } from '../../src/core/errors.ts'
import { aFile, withFile } from './load-input.ts'

const valid = aFile({ rest: 'store: { type: memory }' })

/** Keys that mean something here, so that random maps get deep. */
const key = fc.oneof(
  fc.constantFrom(
    'sources',
    'triggers',
    'targets',
    'store',
    'http',
    'log',
    'watch',
    'completion',
    'deliver',
    'type',
    'token',
  ),
  fc.constantFrom(
    'env',
    'file',
    'retry',
    'existing',
    'renamedFrom',
    '__proto__',
    'constructor',
    'toString',
    'hook',
    '',
  ),
  fc.string(),
)
const leaf = fc.oneof(
  fc.string(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.constantFrom('onedata', 'webhook', '20s'),
)
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 6 },
    leaf,
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(key, tie('tree'), { maxKeys: 5 }),
  ),
}))

describe('any file at all', () => {
  it.each([
    ['random text', fc.string({ unit: 'binary', maxLength: 200 })],
    ['text of what YAML is made of', fc.string({ unit: fc.constantFrom(...':-[]{}&*!|>\'"%@`#?, \n\tab1') })],
    ['random values', tree.map((value) => stringify(value, { aliasDuplicateObjects: false }))],
    ['a good file with a part replaced', replaced()],
  ])('is loaded or refused with a ConfigError: %s', (_what, text) => {
    fc.assert(
      fc.property(text, (yaml) => {
        const outcome = outcomeOf(yaml)

        expect(['loaded', 'CONFIG_INVALID', 'CONFIG_SECRET_MISSING']).toContain(outcome)
      }),
      { numRuns: 300 },
    )
  })
})

function outcomeOf(text: string): string {
  try {
    loadConfig(withFile(text))
    return 'loaded'
  } catch (error) {
    if (error instanceof ConfigError) return error.code
    throw error
  }
}

function replaced(): fc.Arbitrary<string> {
  return fc.tuple(fc.nat(valid.length), fc.nat(12), fc.string({ maxLength: 6 })).map(([at, length, text]) => {
    return valid.slice(0, at) + text + valid.slice(at + length)
  })
}
