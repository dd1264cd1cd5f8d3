import { describe, expect, it } from 'vitest'
import { ambientBans, broken, coreBans, testBans } from './hygiene.ts'
import { folderCycles, forbiddenImports, impureCoreImports } from './imports.ts'
import { readFiles } from './repository.ts'

const source = readFiles(['src'], ['.ts'])
const tests = readFiles(['test'], ['.ts'])

function planted(path: string, text: string): ReadonlyMap<string, string> {
  return new Map([[path, text]])
}

describe('the source', () => {
  it('is there', () => expect(source.size).toBeGreaterThan(20))

  it('imports only in the directions that the table allows', () => expect(forbiddenImports(source)).toEqual([]))

  it('has no circle of folders', () => expect(folderCycles(source)).toEqual([]))

  it('keeps side effects out of the core', () => {
    expect(impureCoreImports(source)).toEqual([])
    expect(broken(new Map([...source].filter(([path]) => path.startsWith('src/core/'))), coreBans)).toEqual([])
  })

  it('takes time, chance and environment as arguments', () => expect(broken(source, ambientBans)).toEqual([]))
})

describe('the tests', () => {
  it('use fakes, not module mocks, and all run', () => expect(broken(tests, testBans)).toEqual([]))
})

describe('the check of imports', () => {
  it.each([
    ['core must not know targets', 'src/core/x.ts', "import { webhook } from '../targets/webhook/index.ts'"],
    ['a type is knowledge too', 'src/core/x.ts', "import type { Store } from '../store/store.ts'"],
    ['one target must not know another', 'src/targets/oscar/x.ts', "import { a } from '../webhook/index.ts'"],
    ['left of the store nothing knows targets', 'src/pipeline/x.ts', "import { a } from '../targets/define.ts'"],
    ['right of the store nothing knows sources', 'src/delivery/x.ts', "import { a } from '../sources/define.ts'"],
    ['only the port of the store is known', 'src/delivery/x.ts', "import { a } from '../store/sqlite/sqlite-store.ts'"],
    ['several lines', 'src/lib/x.ts', "import {\n  a,\n  b,\n} from '../core/errors.ts'"],
    ['re-exports', 'src/lib/x.ts', "export * from '../core/errors.ts'"],
    ['dynamic imports', 'src/lib/x.ts', "const a = await import('../core/errors.ts')"],
    ['side-effect imports', 'src/lib/x.ts', "import '../core/errors.ts'"],
    ['the public face', 'src/app/x.ts', "import { a } from '../index.ts'"],
    ['a folder without a line in the table', 'src/helpers/x.ts', "import { a } from '../core/errors.ts'"],
  ])('sees a violation: %s', (_name, path, text) => {
    expect(forbiddenImports(planted(path, text))).toHaveLength(1)
  })

  it.each([
    ['its own folder', 'src/targets/oscar/x.ts', "import { a } from './y.ts'"],
    ['what the table allows', 'src/pipeline/x.ts', "import type { Store } from '../store/store.ts'"],
    ['the registry knows all adapters', 'src/targets/registry.ts', "export { webhook } from './webhook/index.ts'"],
    ['a comment', 'src/core/x.ts', "// import { a } from '../targets/define.ts'\n/* import '../store/store.ts' */"],
  ])('lets pass: %s', (_name, path, text) => expect(forbiddenImports(planted(path, text))).toEqual([]))

  it('sees a circle of folders', () => {
    const files = new Map([
      ['src/app/a.ts', "import { b } from '../config/b.ts'"],
      ['src/config/b.ts', "import { c } from '../http/c.ts'"],
      ['src/http/c.ts', "import { a } from '../app/a.ts'"],
    ])

    expect(folderCycles(files)).toEqual(['app -> config -> http -> app'])
  })

  it('sees a side effect in the core', () => {
    expect(impureCoreImports(planted('src/core/x.ts', "import { readFileSync } from 'node:fs'"))).toHaveLength(1)
    expect(broken(planted('src/core/x.ts', 'process.nextTick(run)'), coreBans)).toHaveLength(1)
  })
})

describe('the check of bans', () => {
  it.each([
    'const t = Date.now()',
    'await new Promise((done) => setTimeout(done, 5))',
    'const r = Math.random()',
    'const signal = AbortSignal.timeout(5)',
    "import { setTimeout as wait } from 'node:timers/promises'",
    'const today = new Date()',
    'const home = process.env.HOME',
    'process.exit(1)',
  ])('sees %s in a part', (text) => {
    expect(broken(planted('src/delivery/x.ts', text), ambientBans)).toHaveLength(1)
  })

  it.each([
    ['src/lib/clock.ts', 'Date.now()'],
    ['src/config/env.ts', 'process.env.HOME'],
    ['src/delivery/x.ts', '// never Date.now() here\n/** not\n Math.random() */\nconst d = new Date(0)'],
  ])('lets pass %s: %s', (path, text) => expect(broken(planted(path, text), ambientBans)).toEqual([]))

  it.each(['mock', 'only', 'skip'])('sees %s in a test', (word) => {
    const text = word === 'mock' ? `vi.${word}('../src/x.ts')` : `describe.${word}('x', () => {})`

    expect(broken(planted('test/x.test.ts', `\n\n${text}`), testBans)).toEqual([
      expect.stringMatching(/^test\/x\.test\.ts:3 holds /),
    ])
  })

  it('sees a skipped table of tests', () => {
    expect(broken(planted('test/x.test.ts', `it.concurrent.${'skip'}.each([1])`), testBans)).toHaveLength(1)
  })
})
