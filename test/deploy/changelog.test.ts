import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { releaseNotes } from '../../.github/release-notes.ts'
import { textOf } from './rules.ts'

const changelog = textOf('CHANGELOG.md')
const { version } = z.object({ version: z.string() }).parse(JSON.parse(textOf('package.json')))

describe('the changelog', () => {
  it('has an entry for the version in package.json', () => {
    expect(releaseNotes(changelog, version)).toMatch(/^### /m)
  })

  it('says in every entry what to do when upgrading, and has entries of two kinds only', () => {
    const entries = changelog.split(/^## /m).slice(1)

    expect(entries.filter((entry) => !/^### Upgrade notes\n\n\S/m.test(entry))).toEqual([])
    expect(
      entries.filter((entry) => !/^(?:Unreleased: \d+\.\d+\.\d+|\d+\.\d+\.\d+ - \d{4}-\d\d-\d\d)\n/.test(entry)),
    ).toEqual([])
  })
})

describe('the notes of a release', () => {
  const text =
    '# C\n\nIntro.\n\n## Unreleased: 2.1.0\n\nNew.\n\n## 2.0.0 - 2026-12-01\n\nSee [it](docs/a.md), [b](https://b.org).\n\n### Fixed\n'

  it('are the entry of its version, with links that work from elsewhere', () => {
    expect(releaseNotes(text, '2.0.0')).toBe(
      'See [it](https://github.com/grycap/onetrigger/blob/v2.0.0/docs/a.md), [b](https://b.org).\n\n### Fixed',
    )
  })

  it('of a pre-release are those of the release that it leads to', () => {
    expect(releaseNotes(text, '2.1.0-rc.1')).toBe('New.')
  })

  it('are missing while the entry has no date, or there is none', () => {
    expect(releaseNotes(text, '2.1.0')).toBeNull()
    expect(releaseNotes(text, '2.0.1')).toBeNull()
    expect(releaseNotes(text, '2.0')).toBeNull()
    expect(releaseNotes(text, '')).toBeNull()
  })
})
