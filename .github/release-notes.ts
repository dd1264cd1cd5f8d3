// Prints what CHANGELOG.md says of a version: node .github/release-notes.ts 2.0.0
import { readFileSync } from 'node:fs'

/**
 * The entry of a version in a changelog, without its heading: `## 2.0.0 - 2026-12-01`, or `## Unreleased: 2.0.0` while it is being made. A
 * pre-release is described by the entry of the release that it leads to, and only it may be described by an unreleased one. Links into the repository
 * are made to work from elsewhere. Null where there is no entry.
 */
export function releaseNotes(changelog: string, version: string): string | null {
  const [release = ''] = version.split('-')
  const entries = changelog.split(/^## /m).slice(1)
  const dated = `${release} - `
  const unreleased = `Unreleased: ${release}\n`
  const entry = entries.find((text) => text.startsWith(dated) || (version !== release && text.startsWith(unreleased)))
  if (entry === undefined) return null
  const base = `https://github.com/grycap/onetrigger/blob/v${version}/`
  return entry
    .slice(entry.indexOf('\n'))
    .replaceAll(/\]\((?!https?:|#)/g, `](${base}`)
    .trim()
}

if (import.meta.main) {
  const version = process.argv[2] ?? ''
  const notes = releaseNotes(readFileSync(new URL('../CHANGELOG.md', import.meta.url), 'utf8'), version)
  if (notes === null) {
    console.error(`CHANGELOG.md has no entry "## ${version} - DATE"`)
    process.exitCode = 1
  } else console.log(notes)
}
