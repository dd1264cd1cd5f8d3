import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Text by path; paths are relative to the root of the repository, with `/`. */
export type Files = ReadonlyMap<string, string>

export const root = fileURLToPath(new URL('../..', import.meta.url))

const skipped = new Set(['node_modules', 'dist', 'coverage', '.venv', '.git', '__pycache__'])

/** All files below these folders (or these files) whose name ends like one of `endings`. */
export function readFiles(places: readonly string[], endings: readonly string[]): Files {
  const paths = places.flatMap((place) => walk(join(root, place)))
  const wanted = paths.filter((path) => endings.some((ending) => path.endsWith(ending)))
  return new Map(wanted.map((path) => [relative(root, path).replaceAll('\\', '/'), readFileSync(path, 'utf8')]))
}

function walk(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true }).flatMap((entry) => {
      if (skipped.has(entry.name)) return []
      return entry.isDirectory() ? walk(join(path, entry.name)) : [join(path, entry.name)]
    })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOTDIR') return [path]
    throw error
  }
}
