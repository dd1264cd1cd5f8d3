import picomatch from 'picomatch'
import { baseName, dirName, isInside, joinPath, parentsOf } from './observation.ts'
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

const matchOptions = { dot: true }

/**
 * `providers`: ids of those of the space. Where two of them made files or directories of one name, a provider shows one as `name@` and the beginning of an
 * id: what it is to the trigger is decided by the name alone, for only listings and reads tell it so.
 */
export function createMatcher(
  trigger: Pick<Trigger, 'folder' | 'include' | 'exclude' | 'completion'>,
  providers: readonly string[] = [],
): Matcher {
  const { folder, completion } = trigger
  const isIncluded = compileGlobs(trigger.include)
  const isExcluded = compileGlobs(trigger.exclude)
  const isTemporary = compileGlobs(completion.ignore)
  const [before, after] = splitMarker(completion.marker)

  const unmarkedRole = (path: string): Role => {
    const name = baseName(path)
    const below = folder === '' ? path : path.slice(folder.length + 1)
    // What leaves out a folder leaves out all that is in it.
    if (trigger.exclude.length > 0 && [below, ...parentsOf(below)].some((each) => isExcluded(each, baseName(each))))
      return { kind: 'foreign' }
    if (isTemporary(below, name)) return { kind: 'temporary' }
    return trigger.include.length === 0 || isIncluded(below, name) ? { kind: 'file' } : { kind: 'foreign' }
  }
  const markedBy = (path: string): string | null => {
    const name = baseName(path)
    const isMarker =
      completion.marker !== null &&
      name.length > before.length + after.length &&
      name.startsWith(before) &&
      name.endsWith(after)
    return isMarker ? joinPath(dirName(path), name.slice(before.length, name.length - after.length)) : null
  }

  const plain = (path: string) => {
    if (!path.includes('@', folder.length)) return path
    const below = folder === '' ? path : path.slice(folder.length + 1)
    return joinPath(
      folder,
      below
        .split('/')
        .map((name) => withoutProvider(name, providers))
        .join('/'),
    )
  }

  return {
    mayHold: (dir) => isInside(dir, folder),
    markerOf: (path) =>
      completion.marker === null ? null : joinPath(dirName(path), `${before}${baseName(plain(path))}${after}`),
    role: (given) => {
      if (given === folder || !isInside(given, folder)) return { kind: 'foreign' }
      const path = plain(given)
      // First of all, so that a marker never fires, whatever else its name matches.
      const of = markedBy(path)
      if (of === null) return unmarkedRole(path)
      const isOfFile = markedBy(of) === null && unmarkedRole(of).kind === 'file'
      return isOfFile ? { kind: 'marker', of } : { kind: 'foreign' }
    },
  }
}

/** Whether a path below the folder, with its name, is meant. */
export type Matches = (below: string, name: string) => boolean

/** Whether one of the globs matches: with a slash it is about the path below the folder, without one about the name. */
export function compileGlobs(globs: readonly string[]): Matches {
  const matchesPath = compileTogether(globs.filter((glob) => glob.includes('/')))
  const matchesName = compileTogether(globs.filter((glob) => !glob.includes('/')))
  return (below, name) => matchesName(name) || matchesPath(below)
}

/** One expression for all: each name is looked at, several times, against a dozen globs. */
function compileTogether(globs: readonly string[]): (text: string) => boolean {
  if (globs.length === 0) return () => false
  const literal = new Set(globs)
  const any = new RegExp(globs.map((glob) => `(?:${picomatch.makeRe(glob, matchOptions).source})`).join('|'))
  return (text) => text !== '' && (literal.has(text) || any.test(text))
}

/** Fewer characters of an id might be part of a name. */
const leastOfId = 4

function withoutProvider(name: string, providers: readonly string[]): string {
  const at = name.lastIndexOf('@')
  const part = name.slice(at + 1)
  const isOne = at > 0 && part.length >= leastOfId && providers.some((id) => id.startsWith(part))
  return isOne ? name.slice(0, at) : name
}

/** `{name}.done` is split into '' and '.done'. */
function splitMarker(marker: string | null): readonly [string, string] {
  const [before = '', after = ''] = (marker ?? '').split('{name}', 2)
  return [before, after]
}
