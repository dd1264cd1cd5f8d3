import { z } from 'zod'
import { baseName, dirName, joinPath } from '../../core/observation.ts'
import type { Space } from '../../core/source.ts'
import { isObject } from '../../lib/is-object.ts'
import { type AttributeNeeds, type Attributes, attributeQuery, readAttributes } from './attributes.ts'
import type { Ask } from './client.ts'
import { outOfProtocol, type Refusal } from './errors.ts'
import { noSuchPath, type ProviderContext, parseAnswer, segmentsOf } from './provider-context.ts'
import { isPossiblePath, toldId, withoutSpace } from './told.ts'

/** A directory to list: by id, or by path where ids lead nowhere (18.02, 19.02). */
export interface Directory {
  readonly fileId: string
  /** Inside the space; '' is the space itself. */
  readonly path: string
}

/** An entry as listed; without attributes where they cost a request per file. */
export interface RawEntry {
  readonly fileId: string
  readonly dir: string
  readonly name: string
  readonly attributes: Attributes | null
}

/** One page, and what to ask for the next one with; `next` is null at the end. */
export interface RawPage {
  readonly kind: 'page'
  readonly entries: readonly RawEntry[]
  readonly unreadable: readonly string[]
  readonly next: Query | null
}

type Query = readonly (readonly [string, string])[]

/** Asks for one page; `from` is null for the first one. A listing of a file instead of a directory counts as not found. */
export type PageReader = (directory: Directory, from: Query | null, signal: AbortSignal) => Promise<RawPage | Refusal>

/** The most bytes a page may have. */
const pageBytes = 64 * 1024 * 1024

/** What every version and deployment can do (the published interface knows no more). */
const smallPage = 1_000

/**
 * A provider that cannot make so large a page, in time or at all, is asked for small ones for the rest of the listing: a slow one would
 * else never get through.
 */
export function withSmallerPages(pages: (limit: number) => PageReader, limit: number): PageReader {
  let asked = limit
  return async (directory, from, signal) => {
    const page = await pages(asked)(directory, from, signal)
    if (asked <= smallPage || !isTooMuch(page)) return page
    asked = smallPage
    return pages(asked)(directory, from, signal)
  }
}

function isTooMuch(page: RawPage | Refusal): boolean {
  if (page.kind === 'invalid') return page.id === 'badValueNotInRange'
  return page.kind === 'unavailable' && !page.transient
}

/** Looked at once: a `z.record` would look at each key and copy each of 10,000 entries, and `readAttributes` does that anyway. */
const entriesSchema = z.array(z.custom<Readonly<Record<string, unknown>>>(isObject, 'expected an object'))

const filesSchema = z.object({
  files: entriesSchema,
  inaccessiblePaths: z.array(z.string()).default([]),
  nextPageToken: z.string().nullish(),
  isLast: z.boolean().nullish(),
})

/** `GET /data/{id}/files`: the whole tree below the directory. Ends with a null token, or with `isLast` should it ever be sent. */
export function recursivePages(context: ProviderContext, needs: AttributeNeeds, limit: number): PageReader {
  const query: Query = [
    ['limit', String(limit)],
    ['include_directories', 'true'],
    ...attributeQuery(context.dialect, ['path'], needs),
  ]
  return async (directory, from, signal) => {
    const ask = askFor('GET /data/{id}/files', { id: directory.fileId }, [...query, ...(from ?? [])])
    const answer = await context.client.ask(ask, signal)
    if (answer.kind !== 'ok') return answer
    const page = parseAnswer(context, ask, filesSchema, answer.body)
    const entries = treeEntries(context, directory, page.files, needs)
    if (!Array.isArray(entries)) return entries
    const token = page.isLast === true ? null : (page.nextPageToken ?? null)
    return {
      kind: 'page',
      entries,
      unreadable: page.inaccessiblePaths.map((path) => joinPath(directory.path, path)),
      next: token === null ? null : [['token', token]],
    }
  }
}

function treeEntries(
  context: ProviderContext,
  directory: Directory,
  files: z.output<typeof entriesSchema>,
  needs: AttributeNeeds,
): RawEntry[] | Refusal {
  const entries: RawEntry[] = []
  for (const raw of files) {
    const attributes = readAttributes(raw, { providerId: context.id, xattrs: needs.xattrs })
    const { fileId, path } = attributes
    // Asked for the tree below a file, a provider lists the file itself.
    if (path === '.') return noSuchPath
    if (fileId === null || path === null || !isPossiblePath(path))
      return outOfProtocol(200, 'an entry of its listing lacks id or path')
    const full = joinPath(directory.path, path)
    entries.push({ fileId, dir: dirName(full), name: baseName(full), attributes: told(attributes) })
  }
  return entries
}

/** A listing that leaves the type out knows no attributes: they are read one by one. */
function told(attributes: Attributes): Attributes | null {
  return attributes.type === null ? null : attributes
}

const childrenSchema = z.object({ children: entriesSchema, isLast: z.boolean(), nextPageToken: z.string().nullish() })

/** `GET /data/{id}/children` of 21.02.1 and later, with attributes. Only `isLast` ends it: a last page has a token too. */
export function childrenPages(context: ProviderContext, needs: AttributeNeeds, limit: number): PageReader {
  const query: Query = [['limit', String(limit)], ...attributeQuery(context.dialect, ['name'], needs)]
  return async (directory, from, signal) => {
    const page = await askChildren(context, directory, [...query, ...(from ?? [])], needs, signal)
    if (page.kind !== 'children') return page
    if (page.isLast) return { kind: 'page', entries: page.entries, unreadable: [], next: null }
    if (page.token === null)
      return outOfProtocol(200, 'a page of its listing is not the last one and leads to no other')
    return { kind: 'page', entries: page.entries, unreadable: [], next: [['token', page.token]] }
  }
}

/**
 * `GET /data/{id}/children` of 20.02: ids and names, no token. The next page starts at the last name seen (it comes again and is dropped),
 * which stays right when files before it vanish; where a page brought nothing new, the window moves on by its own length.
 */
export function barePages(context: ProviderContext): PageReader {
  const { pageLimit } = context.dialect
  return async (directory, from, signal) => {
    const start = Object.fromEntries(from ?? [])
    const query: Query = [['limit', String(pageLimit)], ...(from ?? [])]
    const page = await askChildren(context, directory, query, { holes: false, xattrs: [] }, signal)
    if (page.kind !== 'children') return page
    const last = page.entries.at(-1)
    const entries = page.entries.filter(({ name }) => name !== start.index)
    if (page.isLast) return { kind: 'page', entries, unreadable: [], next: null }
    const offset = Number(start.offset ?? 0) + pageLimit
    const next: Query =
      last !== undefined && entries.length > 0
        ? [['index', last.name]]
        : [...(start.index === undefined ? [] : [['index', start.index] as const]), ['offset', String(offset)]]
    return { kind: 'page', entries, unreadable: [], next }
  }
}

interface Children {
  readonly kind: 'children'
  readonly entries: readonly RawEntry[]
  readonly isLast: boolean
  readonly token: string | null
}

/** One page of children, whatever the generation. */
export async function askChildren(
  context: ProviderContext,
  directory: Directory,
  query: Query,
  needs: AttributeNeeds,
  signal: AbortSignal,
): Promise<Children | Refusal> {
  const ask = askFor('GET /data/{id}/children', { id: directory.fileId }, query)
  const answer = await context.client.ask(ask, signal)
  if (answer.kind !== 'ok') return answer
  const page = parseAnswer(context, ask, childrenSchema, answer.body)
  const entries: RawEntry[] = []
  for (const raw of page.children) {
    const attributes = readAttributes(raw, { providerId: context.id, xattrs: needs.xattrs })
    const { fileId, name } = attributes
    if (fileId === null || name === null) return outOfProtocol(200, 'an entry of its listing lacks id or name')
    // Asked for the children of a file, a provider lists the file itself.
    if (fileId === directory.fileId) return noSuchPath
    entries.push({ fileId, dir: directory.path, name, attributes: told(attributes) })
  }
  return { kind: 'children', entries, isLast: page.isLast, token: page.nextPageToken ?? null }
}

const pathsSchema = z.array(
  z.object({
    id: z.string().refine((id) => toldId(id) !== null, 'this is no id'),
    path: z.string().refine((path) => isPossiblePath(withoutSpace(path)), 'this is no path of a file'),
  }),
)

/** `GET /files/{path}` of 18.02 to 20.02: ids and paths by offset. Nothing marks the last page but that it is shorter than it might be. */
export function pathPages(context: ProviderContext, space: Space): PageReader {
  const { pageLimit } = context.dialect
  return async (directory, from, signal) => {
    const query: Query = [['limit', String(pageLimit)], ...(from ?? [])]
    const ask = askFor('GET /files/{path}', { path: segmentsOf(space.name, directory.path) }, query)
    const answer = await context.client.ask(ask, signal)
    if (answer.kind !== 'ok') return answer
    const listed = parseAnswer(context, ask, pathsSchema, answer.body)
    const entries = listed.map(({ id, path }) => {
      const inside = withoutSpace(path)
      return { fileId: id, dir: dirName(inside), name: baseName(inside), attributes: null }
    })
    if (entries.length === 1 && entries.some(({ dir, name }) => joinPath(dir, name) === directory.path))
      return noSuchPath
    const offset = Number(Object.fromEntries(from ?? []).offset ?? 0) + listed.length
    return {
      kind: 'page',
      entries: entries.map((entry) => ({ ...entry, dir: directory.path })),
      unreadable: [],
      next: listed.length < pageLimit ? null : [['offset', String(offset)]],
    }
  }
}

function askFor(route: string, params: NonNullable<Ask['params']>, query: Query): Ask {
  return { route, params, query, maxBytes: pageBytes }
}
