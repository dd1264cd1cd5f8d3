import picomatch from 'picomatch'
import { baseName, dirName, isInside, joinPath } from './observation.ts'
import type { Trigger } from './trigger.ts'

/** Names that uploaders, FUSE and rsync (the fifth) use while a file is not finished; these are never complete. */
export const defaultIgnore: readonly string[] = [
  '*.part',
  '*.partial',
  '*.tmp',
  '*.crdownload',
  '*.filepart',
  '.*.??????',
  '.fuse_hidden*',
  '.nfs*',
  '.__onedata__*',
]

/** What a name or path means to a trigger. */
export type Role =
  /** None of its business. */
  | { readonly kind: 'foreign' }
  /** Not finished by its name; may be renamed to one that counts. */
  | { readonly kind: 'temporary' }
  /** Says that the file at `of` is finished; never fires itself. */
  | { readonly kind: 'marker'; readonly of: string }
  | { readonly kind: 'file' }

/** Sorts paths for one trigger; its globs are compiled once. */
export interface Matcher {
  /** Path inside the space. */
  role(path: string): Role
  /** Whether something in this directory could concern the trigger. */
  mayHold(dir: string): boolean
  /** Path of the marker of the file at `path`; null = the trigger asks for none. */
  markerOf(path: string): string | null
}

const matchOptions = { dot: true, nobrace: false }

export function createMatcher(trigger: Trigger): Matcher {
  const { folder, completion } = trigger
  const included = trigger.include.map(compile)
  const excluded = trigger.exclude.map(compile)
  const temporary = completion.ignore.map(compile)
  const [before, after] = splitMarker(completion.marker)

  return {
    mayHold: (dir) => isInside(dir, folder),
    markerOf: (path) =>
      completion.marker === null ? null : joinPath(dirName(path), `${before}${baseName(path)}${after}`),
    role: (path) => {
      if (path === folder || !isInside(path, folder)) return { kind: 'foreign' }
      const name = baseName(path)
      const below = folder === '' ? path : path.slice(folder.length + 1)
      if (excluded.some((matches) => matches(below, name))) return { kind: 'foreign' }
      const isMarker =
        completion.marker !== null &&
        name.length > before.length + after.length &&
        name.startsWith(before) &&
        name.endsWith(after)
      if (isMarker) {
        return { kind: 'marker', of: joinPath(dirName(path), name.slice(before.length, name.length - after.length)) }
      }
      if (temporary.some((matches) => matches(below, name))) return { kind: 'temporary' }
      if (included.length > 0 && !included.some((matches) => matches(below, name))) return { kind: 'foreign' }
      return { kind: 'file' }
    },
  }
}

/** A glob with a slash is about the path below the folder, one without about the name. */
function compile(glob: string): (below: string, name: string) => boolean {
  const matches = picomatch(glob, matchOptions)
  return glob.includes('/') ? (below) => matches(below) : (_below, name) => matches(name)
}

/** `{name}.done` is split into '' and '.done'. */
function splitMarker(marker: string | null): readonly [string, string] {
  const [before = '', after = ''] = (marker ?? '').split('{name}', 2)
  return [before, after]
}
