import { SourceError } from '../../core/errors.ts'
import { baseName, dirName, type FileFacts } from '../../core/observation.ts'
import type { ReadRequest, Space } from '../../core/source.ts'
import { type Attributes, attributeQuery } from './attributes.ts'
import { askChildren } from './listing-pages.ts'
import { lookUp, type ProviderContext } from './provider-context.ts'

/** A file as just seen. */
export interface ListedFile {
  readonly type: Attributes['type']
  readonly dir: string | null
  readonly name: string | null
  readonly facts: FileFacts
}

/** Below this many files of one directory, reading each costs no more than finding the directory and a page of it. */
const leastFiles = 4

/** Entries of one page: a page is worth its weight also where it finds a few files only. */
const pageEntries = 1_000

/**
 * Looks at many files of one directory by listing it. Each page begins at the first name still wanted and listing goes on only while a
 * page finds more than one of them; whoever is not found (moved, deleted, renamed) is left to be read singly.
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
    if (group.length >= leastFiles) await tryListing(context, { space, dir, group, found }, signal)
  }
  return found
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
  readonly group: readonly ReadRequest[]
  readonly found: Map<string, ListedFile>
}

/** A listing that fails costs nothing but itself: what it did not tell is read singly. */
async function tryListing(context: ProviderContext, wanted: Wanted, signal: AbortSignal): Promise<void> {
  try {
    await listWanted(context, wanted, signal)
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof SourceError)) throw error
  }
}

async function listWanted(
  context: ProviderContext,
  { space, dir, group, found }: Wanted,
  signal: AbortSignal,
): Promise<void> {
  const directory = await lookUp(context, space, dir, signal)
  if (directory.kind !== 'found') return
  const ids = new Set(group.map(({ fileId }) => fileId))
  const needs = { holes: true, xattrs: [...new Set(group.flatMap(({ xattrs }) => xattrs))] }
  const attributes = attributeQuery(context.dialect, ['name'], needs)
  let names = group.map(({ path }) => baseName(path ?? '')).toSorted(byBytes)
  while (names.length > 1) {
    const start = canStartAtName(context) ? [['index', names[0] ?? ''] as const] : []
    const query = [['limit', String(pageEntries)] as const, ...start, ...attributes]
    const page = await askChildren(context, { fileId: directory.fileId, path: dir }, query, needs, signal)
    if (page.kind !== 'children') return
    const hits = page.entries.filter(({ fileId }) => ids.has(fileId))
    for (const { fileId, name, attributes: told } of hits) {
      found.set(fileId, { type: told?.type ?? null, dir, name, facts: told?.facts ?? {} })
    }
    const last = page.entries.at(-1)
    if (!canStartAtName(context) || page.isLast || last === undefined || hits.length < 2) return
    names = names.filter((name) => byBytes(name, last.name) > 0)
  }
}

/** From 21.02.5 on; before, a listing begins at its beginning, and only its first page is tried. */
function canStartAtName(context: ProviderContext): boolean {
  return context.dialect.attributes === 'current'
}

/** A provider's order of names. */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
