import { SourceError } from '../../core/errors.ts'
import { baseName, dirName, type FileFacts } from '../../core/observation.ts'
import type { ReadRequest, Space } from '../../core/source.ts'
import { type Attributes, attributeQuery } from './attributes.ts'
import { askChildren, type RawEntry } from './listing-pages.ts'
import { type KnownDirectory, lookUp, type ProviderContext } from './provider-context.ts'

/** A file as just seen. */
export interface ListedFile {
  readonly type: Attributes['type']
  readonly dir: string | null
  readonly name: string | null
  readonly facts: FileFacts
}

/** Below so many files of one directory, reading each costs no more than a page of it, if it has to be found first, and if that page would be wide. */
const leastFiles = { known: 2, unknown: 3, scattered: 4 }

/** Entries of a page among which the wanted ones lie scattered: it is worth its weight also where it finds a few of them only. */
const widePage = 1_000
/** A page that is expected to find little else has so many entries for each wanted one, and not less than the other. */
const [entriesEach, narrowestPage] = [2, 8]
/** What was learned of a directory is believed for so long: reads of the same one come many times a second. */
const knownForMs = 2_000

/**
 * Looks at many files of one directory by listing it. Each page begins at the first name still wanted. Files that come together mostly have names
 * that follow each other, so a page is first as narrow as they are many; where that finds few of them, it is wide, and listing goes on only while
 * a page finds more than one of them. Whoever is not found (moved, deleted, renamed) is left to be read singly.
 */
export async function readByListing(
  context: ProviderContext,
  space: Space,
  requests: readonly ReadRequest[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ListedFile>> {
  const found = new Map<string, ListedFile>()
  const best = context.dialect.listings[0]
  if (best === 'bare' || best === 'paths') return found
  for (const [dir, group] of byDirectory(requests)) {
    const known = knownDirectory(context, space, dir)
    if (group.length >= leastOf(context, known)) await tryListing(context, { space, dir, known, group, found }, signal)
  }
  return found
}

function leastOf(context: ProviderContext, known: KnownDirectory | null): number {
  if (!canStartAtName(context) || known?.isScattered === true) return leastFiles.scattered
  return known === null ? leastFiles.unknown : leastFiles.known
}

function byDirectory(requests: readonly ReadRequest[]): ReadonlyMap<string, readonly ReadRequest[]> {
  return Map.groupBy(
    requests.filter(({ path }) => path !== null),
    ({ path }) => dirName(path ?? ''),
  )
}

interface Wanted {
  readonly space: Space
  readonly dir: string
  readonly known: KnownDirectory | null
  readonly group: readonly ReadRequest[]
  readonly found: Map<string, ListedFile>
}

/** A listing that fails costs nothing but itself: what it did not tell is read singly. */
async function tryListing(context: ProviderContext, wanted: Wanted, signal: AbortSignal): Promise<void> {
  try {
    const directory = wanted.known ?? (await find(context, wanted, signal))
    if (directory !== null) await listWanted(context, directory, wanted, signal)
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof SourceError)) throw error
  }
}

async function listWanted(
  context: ProviderContext,
  directory: KnownDirectory,
  { dir, group, found }: Wanted,
  signal: AbortSignal,
): Promise<void> {
  const ids = new Set(group.map(({ fileId }) => fileId))
  const needs = { holes: true, xattrs: [...new Set(group.flatMap(({ xattrs }) => xattrs))] }
  const attributes = attributeQuery(context.dialect, ['name'], needs)
  const place = { fileId: directory.fileId, path: dir }
  let names = group.map(({ path }) => baseName(path ?? '')).toSorted(byBytes)
  while (names.length > 1) {
    const entries = entriesOf(context, directory, names.length)
    const query = [['limit', String(entries)] as const, ...startAt(context, names[0] ?? ''), ...attributes]
    const page = await askChildren(context, place, query, needs, signal)
    if (page.kind !== 'children') return directory.forget()
    const hits = page.entries.filter(({ fileId }) => ids.has(fileId))
    // One of names only says nothing about a file.
    for (const hit of hits.filter((each) => each.attributes !== null)) found.set(hit.fileId, listedFile(hit))
    const last = page.entries.at(-1)
    if (!canStartAtName(context) || page.isLast || last === undefined) return
    if (hits.length < Math.min(names.length, page.entries.length) / entriesEach) directory.isScattered = true
    if (hits.length < 2 && entries === widePage) return
    names = names.filter((name) => byBytes(name, last.name) > 0)
  }
}

function listedFile({ dir, name, attributes }: RawEntry): ListedFile {
  return { type: attributes?.type ?? null, dir, name, facts: attributes?.facts ?? {} }
}

/** How many entries a page is asked for that is to find so many files. */
function entriesOf(context: ProviderContext, { isScattered }: KnownDirectory, files: number): number {
  if (isScattered || !canStartAtName(context)) return widePage
  return Math.min(Math.max(files * entriesEach, narrowestPage), widePage)
}

function startAt(context: ProviderContext, name: string): readonly (readonly [string, string])[] {
  return canStartAtName(context) ? [['index', name]] : []
}

/** Asked once for all reads of the next moments: a directory that is moved meanwhile is noticed by its stream. */
async function find(
  context: ProviderContext,
  { space, dir }: Wanted,
  signal: AbortSignal,
): Promise<KnownDirectory | null> {
  const key = keyOf(space, dir)
  const foundAt = context.deps.clock.now()
  const found = await lookUp(context, space, dir, signal)
  if (found.kind !== 'found') return null
  const forget = () => void context.directories.delete(key)
  const directory = { fileId: found.fileId, foundAt, isScattered: false, forget }
  context.directories.set(key, directory)
  return directory
}

function knownDirectory(context: ProviderContext, space: Space, dir: string): KnownDirectory | null {
  const known = context.directories.get(keyOf(space, dir))
  return known !== undefined && context.deps.clock.now() - known.foundAt < knownForMs ? known : null
}

function keyOf(space: Space, dir: string): string {
  return `${space.id}/${dir}`
}

/** From 21.02.5 on; before, a listing begins at its beginning, and only its first page is tried. */
function canStartAtName(context: ProviderContext): boolean {
  return context.dialect.attributes === 'current'
}

const beyondTheBasicPlane = /[\ud800-\udfff]/

/** A provider's order of names; JavaScript's own differs only where characters need two code units. */
function byBytes(a: string, b: string): number {
  if (!beyondTheBasicPlane.test(a) && !beyondTheBasicPlane.test(b)) return a < b ? -1 : Number(a > b)
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
