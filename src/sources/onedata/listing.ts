import { SourceError } from '../../core/errors.ts'
import { joinPath } from '../../core/observation.ts'
import type { Space } from '../../core/source.ts'
import { outOfProtocol, type Refusal } from './errors.ts'
import { createTurn, detailPage, type Turn } from './listing-details.ts'
import {
  barePages,
  childrenPages,
  type Directory,
  type PageReader,
  pathPages,
  type RawPage,
  recursivePages,
  withSmallerPages,
} from './listing-pages.ts'
import { memoryOf } from './memory.ts'
import type { FolderListing, ListedPage, ListOptions } from './provider.ts'
import { isImpossible, lookUp, type ProviderContext, pathKey } from './provider-context.ts'
import type { ListingWay } from './versions.ts'

/** What one listing is about. */
interface Listing {
  readonly space: Space
  readonly options: ListOptions
}

/** See `Provider.list`. The first page is asked for before it resolves; the others as they are taken. */
export async function listFolder(
  context: ProviderContext,
  folder: string,
  listing: Listing,
  signal: AbortSignal,
): Promise<FolderListing | null> {
  if (isImpossible(folder)) return null
  const ways = context.way === null ? context.dialect.listings : [context.way]
  for (const way of ways) {
    const begun = await begin(context, way, { folder, ...listing }, signal)
    if (begun.kind === 'begun') context.way = way
    if (begun.kind !== 'noRoute') return outcome(context, folder, begun)
  }
  throw new SourceError(
    'SOURCE_PROTOCOL',
    `source "${context.deps.name}": ${context.client.origin} has none of the routes that list a folder; is this the address of a provider?`,
    { details: { source: context.deps.name, ways } },
  )
}

/** See `Provider.listDirectory`: one directory, not what lies below it. */
export async function* listDirectory(
  context: ProviderContext,
  directory: Directory,
  { space, options }: Listing,
  signal: AbortSignal,
): AsyncGenerator<ListedPage> {
  const way = context.way ?? context.dialect.listings[0] ?? 'paths'
  const read = pageReader(context, way === 'recursive' ? 'children' : way, space, options)
  const turn = createTurn(new Map(), directory.path, context.readBudget)
  yield* directoryPages(context, directory, { read, space, options, turn, first: null }, signal)
}

type Begun = { readonly kind: 'begun'; readonly listing: FolderListing } | Refusal

async function begin(
  context: ProviderContext,
  way: ListingWay,
  { folder, space, options }: Listing & { readonly folder: string },
  signal: AbortSignal,
): Promise<Begun> {
  const found = way === 'paths' ? rootByPath : await lookUp(context, space, folder, signal)
  if (found.kind !== 'found') return found
  const root = { fileId: found.fileId, path: folder }
  const read = pageReader(context, way, space, options)
  const first = await read(root, null, signal)
  if (first.kind === 'notFound' && memoryOf(context.deps)?.forget(pathKey(context, space, folder)) === true)
    // It was remembered: the folder may have been made anew.
    return begin(context, way, { folder, space, options }, signal)
  if (first.kind !== 'page') return first
  const turn = createTurn(context.turns, `${space.id}/${folder}`, context.readBudget)
  const pages = tree(context, root, { read, space, options, turn, first, way }, signal)
  // The id that stands for the space is not that of its root, and a path is no id.
  return { kind: 'begun', listing: listingOf(pages, way === 'paths' || folder === '' ? null : root.fileId) }
}

/** The path API needs no id to start from. */
const rootByPath = { kind: 'found', fileId: '' } as const

function listingOf(pages: AsyncGenerator<ListedPage>, rootId: string | null): FolderListing {
  return { rootId, [Symbol.asyncIterator]: () => pages }
}

function outcome(context: ProviderContext, folder: string, begun: Begun): FolderListing | null {
  if (begun.kind === 'begun') return begun.listing
  if (begun.kind === 'notFound') return null
  if (begun.kind === 'noAccess') return listingOf(unreadableFolder(folder), null)
  throw listingError(context, begun)
}

async function* unreadableFolder(folder: string): AsyncGenerator<ListedPage> {
  yield { entries: [], unreadable: [folder] }
}

function pageReader(context: ProviderContext, way: ListingWay, space: Space, options: ListOptions): PageReader {
  const { pageLimit } = context.dialect
  switch (way) {
    case 'recursive':
      return withSmallerPages((limit) => recursivePages(context, options.needs, limit), pageLimit)
    case 'children':
      return withSmallerPages((limit) => childrenPages(context, options.needs, limit), pageLimit)
    case 'bare':
      return barePages(context)
    case 'paths':
      return pathPages(context, space)
  }
}

interface Walk extends Listing {
  readonly read: PageReader
  readonly turn: Turn
  /** The first page of the directory to begin with, where it was asked for already. */
  readonly first: RawPage | null
}

/** The whole tree: in one listing where the provider walks it, else directory by directory. */
async function* tree(
  context: ProviderContext,
  root: Directory,
  walk: Walk & { readonly way: ListingWay },
  signal: AbortSignal,
): AsyncGenerator<ListedPage> {
  const waiting: Directory[] = [root]
  for (let directory = waiting.pop(); directory !== undefined; directory = waiting.pop()) {
    const first = directory === root ? walk.first : null
    for await (const page of directoryPages(context, directory, { ...walk, first }, signal)) {
      if (walk.way !== 'recursive') waiting.push(...directoriesOf(page))
      yield page
    }
  }
  walk.turn.end()
}

function directoriesOf(page: ListedPage): Directory[] {
  return page.entries
    .filter(({ type }) => type === 'directory')
    .map(({ fileId, dir, name }) => ({ fileId, path: joinPath(dir, name) }))
}

/**
 * All pages of one directory. One that was deleted before it was its turn has none, one without rights is unreadable; anything else,
 * a deletion between two pages too, breaks the listing off, so that nothing is taken for gone that was only not listed.
 */
async function* directoryPages(
  context: ProviderContext,
  directory: Directory,
  { read, space, options, turn, first }: Walk,
  signal: AbortSignal,
): AsyncGenerator<ListedPage> {
  let page = first ?? (await read(directory, null, signal))
  if (page.kind === 'notFound') return
  if (page.kind === 'noAccess') return yield { entries: [], unreadable: [directory.path] }
  for (;;) {
    if (page.kind !== 'page') throw listingError(context, page)
    const detailed = await detailPage(context, page.entries, { space, options, turn }, signal)
    yield { entries: detailed.entries, unreadable: [...page.unreadable, ...detailed.unreadable] }
    const { next } = page
    if (next === null) return
    page = await read(directory, next, signal)
    if (page.kind === 'page' && isSame(page.next, next)) page = goesInCircles
  }
}

function isSame(a: RawPage['next'], b: RawPage['next']): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

const goesInCircles = outOfProtocol(200, 'a page of its listing leads to itself')

function listingError(context: ProviderContext, refusal: Refusal): SourceError {
  return context.client.error({ route: 'a listing' }, refusal)
}
