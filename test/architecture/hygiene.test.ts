import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { broken, secretBans, todoBans } from './hygiene.ts'
import { readFiles } from './repository.ts'

const everything = readFiles(
  [
    'src',
    'test',
    'scripts',
    'bin',
    'docs',
    '.ci',
    'README.md',
    'ARCHITECTURE.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
    'CHANGELOG.md',
  ],
  [''],
)
const lock = z.object({ packages: z.record(z.string(), z.object({ resolved: z.string().optional() })) })

describe('the repository', () => {
  it('holds no path of one machine and no secret', () => expect(broken(everything, secretBans, 'count')).toEqual([]))

  it('leaves nothing to do without the number of an issue', () => {
    expect(broken(everything, todoBans, 'count')).toEqual([])
  })

  it('takes packages from the public registry only', () => {
    const { packages } = lock.parse(JSON.parse([...readFiles(['package-lock.json'], ['.json']).values()].join('')))

    const foreign = Object.values(packages).filter(
      ({ resolved }) => resolved !== undefined && !resolved.startsWith('https://registry.npmjs.org/'),
    )

    expect(foreign).toEqual([])
  })
})

describe('the check of hygiene', () => {
  it.each([
    ['a path of one machine', `const file = '${['', 'home', 'anna', 'x'].join('/')}'`],
    ['a private key', `${'-'.repeat(5)}BEGIN RSA PRIVATE KEY${'-'.repeat(5)}\n${'MIIE'.repeat(10)}`],
    ['an AWS key', `${'AK'}IA${'A'.repeat(16)}`],
    ['an Onedata token', `${'MD'}Ax${'b'.repeat(80)}`],
  ])('sees %s', (what, text) => {
    expect(broken(new Map([['src/x.ts', text]]), secretBans, 'count')).toEqual([`src/x.ts:1 holds ${what}`])
  })

  it.each(['/var/lib/onetrigger', 'https://example.org/home/x', '~/work/x', '/spaces/work/x'])(
    'lets pass %s',
    (text) => {
      expect(broken(new Map([['src/x.ts', text]]), secretBans, 'count')).toEqual([])
    },
  )

  it('sees a promise without the number of an issue', () => {
    const word = `${'TO'}DO`

    expect(broken(new Map([['src/x.ts', `a\n// ${word} later`]]), todoBans, 'count')).toHaveLength(1)
    expect(broken(new Map([['src/x.ts', `// ${word}(#12) later`]]), todoBans, 'count')).toEqual([])
  })
})
