import { joinPath } from '../../core/observation.ts'
import type { Space } from '../../core/source.ts'
import type { AttributeNeeds, Attributes } from './attributes.ts'
import type { Refusal } from './errors.ts'
import type { RawEntry } from './listing-pages.ts'
import { mapConcurrently } from './map-concurrently.ts'
import type { ListedEntry, ListedPage, ListOptions } from './provider.ts'
import type { ProviderContext } from './provider-context.ts'
import { readOne } from './read-one.ts'

/** Whose turn it is among the known files of one listing, so that a budget of requests goes round all of them. */
export interface Turn {
  /** Whether the next known file is to be read again. */
  take(): boolean
  /** Ends the listing: the next one goes on behind the last file read. */
  end(): void
}

/** The turn of one folder; `turns` keeps where it stands between listings. */
export function createTurn(turns: Map<string, number>, folder: string, budget: number): Turn {
  const start = turns.get(folder) ?? 0
  let count = 0
  return {
    take: () => {
      count += 1
      return count > start && count <= start + budget
    },
    end: () => {
      turns.set(folder, count > start + budget ? start + budget : 0)
    },
  }
}

interface Detailing {
  readonly space: Space
  readonly options: ListOptions
  readonly turn: Turn
}

/** Turns a page as listed into one with attributes, reading them one by one where the listing did not tell them. */
export async function detailPage(
  context: ProviderContext,
  entries: readonly RawEntry[],
  { space, options, turn }: Detailing,
  signal: AbortSignal,
): Promise<ListedPage> {
  const plans = await planReads(context, entries, options, turn)
  const listed = await mapConcurrently(plans, context.concurrency, async ({ entry, attributes }) => ({
    entry,
    result: attributes ?? (await readEntry(context, space, entry, options.needs, signal)),
  }))
  const page = { entries: [] as ListedEntry[], unreadable: [] as string[] }
  for (const { entry, result } of listed) {
    if (!('kind' in result)) page.entries.push(listedEntry(entry, result))
    // Without rights nothing is known of what lies there, which is not the same as nothing being there.
    else if (result.kind === 'noAccess') page.unreadable.push(joinPath(entry.dir, entry.name))
  }
  return page
}

interface Plan {
  readonly entry: RawEntry
  /** Null: to be read. */
  readonly attributes: Attributes | null
}

/** Unknown and pending files are read, known ones as their turn comes, directories and files no trigger takes only once. */
async function planReads(
  context: ProviderContext,
  entries: readonly RawEntry[],
  options: ListOptions,
  turn: Turn,
): Promise<readonly Plan[]> {
  const bare = entries.filter(({ attributes }) => attributes === null)
  const known = bare.length === 0 ? new Map() : await options.known(bare.map(({ fileId }) => fileId))
  return entries.map((entry) => {
    if (entry.attributes !== null) return { entry, attributes: entry.attributes }
    const remembered = context.remembered.get(entry.fileId) ?? null
    if (remembered !== null && remembered.type !== 'file') return { entry, attributes: remembered }
    const state = known.get(entry.fileId)
    const skipped = state === undefined ? remembered : state.pending ? null : untold
    return { entry, attributes: skipped === null || turn.take() ? null : skipped }
  })
}

/** A file that a trigger knows, not read this time. */
const untold: Attributes = { fileId: null, name: null, path: null, type: 'file', facts: {} }

async function readEntry(
  context: ProviderContext,
  space: Space,
  entry: RawEntry,
  needs: AttributeNeeds,
  signal: AbortSignal,
): Promise<Attributes | Refusal> {
  const handle = { fileId: entry.fileId, path: joinPath(entry.dir, entry.name) }
  const read = await readOne(context, space, handle, needs, signal)
  if (read.kind === 'read') {
    context.remembered.set(entry.fileId, read.attributes)
    return read.attributes
  }
  if (read.kind !== 'notFound' && read.kind !== 'noAccess') throw context.client.error(read.ask, read)
  return read
}

function listedEntry(entry: RawEntry, { type, facts }: Attributes): ListedEntry {
  const isFile = type === 'file'
  return { fileId: entry.fileId, dir: entry.dir, name: entry.name, type: type ?? 'other', facts: isFile ? facts : {} }
}
