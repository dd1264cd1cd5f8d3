import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { deadPaths, deadScripts, lineCount, namedPaths } from './documents.ts'
import { readFiles, root } from './repository.ts'

const documents = readFiles(
  ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', 'docs'],
  ['.md'],
)
const manifest = z.object({ scripts: z.record(z.string(), z.string()), files: z.array(z.string()) })

function text(document: string): string {
  return documents.get(document) ?? ''
}

describe('the documents', () => {
  it.each([
    ['README.md', 150],
    ['ARCHITECTURE.md', 250],
  ])('%s can be read at one sitting: at most %i lines', (document, most) => {
    expect(lineCount(text(document))).toBeGreaterThan(20)
    expect(lineCount(text(document))).toBeLessThanOrEqual(most)
  })

  it('name only paths that exist', () => {
    const dead = [...documents].flatMap(([path, content]) =>
      deadPaths(path, content, (named) => existsSync(join(root, named))),
    )

    expect(dead).toEqual([])
  })

  it('name only npm scripts that exist', () => {
    const { scripts } = manifest.parse(JSON.parse([...readFiles(['package.json'], ['.json']).values()].join('')))

    const dead = [...documents].flatMap(([path, content]) => deadScripts(path, content, new Set(Object.keys(scripts))))

    expect(dead).toEqual([])
  })

  it('tell of every folder of the source in ARCHITECTURE.md', () => {
    const folders = new Set([...readFiles(['src'], ['.ts']).keys()].map((path) => path.split('/')[1] ?? ''))

    const untold = [...folders].filter(
      (folder) => !folder.endsWith('.ts') && !text('ARCHITECTURE.md').includes(`src/${folder}`),
    )

    expect(untold).toEqual([])
  })
})

describe('the check of documents', () => {
  it('finds paths in back-ticks and in links, and leaves addresses and commands alone', () => {
    const content =
      'See `src/core/ids.ts`, `src/store/`, [how](../how-to/operate.md#start), [web](https://x.org/src/a), `npm run demo`, `/var/lib/x`.'

    expect(namedPaths('docs/adr/0001.md', content)).toEqual(['src/core/ids.ts', 'src/store/', 'docs/how-to/operate.md'])
  })

  it('sees a path and a script that are not there', () => {
    expect(deadPaths('README.md', 'in `src/gone.ts`', () => false)).toEqual([
      'README.md names src/gone.ts, which does not exist',
    ])
    expect(
      deadScripts('README.md', '`npm test`, `npm run demo -- --once`, `npm run fly`', new Set(['test', 'demo'])),
    ).toEqual(['README.md: there is no npm script "fly"'])
  })
})
