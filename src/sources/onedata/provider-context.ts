import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import { SourceError } from '../../core/errors.ts'
import type { Space } from '../../core/source.ts'
import type { SourceDeps } from '../define.ts'
import type { Attributes } from './attributes.ts'
import type { Ask, Client } from './client.ts'
import type { Refusal } from './errors.ts'
import { pathMs, recall } from './memory.ts'
import type { Dialect, ListingWay } from './versions.ts'

/** What everything that asks one provider shares. */
export interface ProviderContext {
  readonly id: string
  readonly client: Client
  readonly deps: SourceDeps
  readonly dialect: Dialect
  /** Requests that are worth asking at once. */
  readonly concurrency: number
  /** Known files whose attributes one listing may read again, where each costs a request. */
  readonly readBudget: number
  /**
   * What was read of files one by one, by id: a directory is never asked again whether it is one, and a file that no trigger takes is
   * not read at each listing. Bounded; what is pushed out costs one request more.
   */
  readonly remembered: LRUCache<string, Attributes>
  /** Directories that were lately listed to look at files in them, by space and path. */
  readonly directories: LRUCache<string, KnownDirectory>
  /** Where the turn of known files stands, per listed folder. */
  readonly turns: Map<string, number>
  /** The way of listing that worked, once one did. */
  way: ListingWay | null
}

/** What is known of a directory that is listed to look at files in it. */
export interface KnownDirectory {
  readonly fileId: string
  readonly foundAt: number
  /** Files that fall due together do not have names that follow each other. */
  isScattered: boolean
  forget(): void
}

/** Entries of `directories`. */
const rememberedDirectories = 1_000
/** Entries of `remembered`: some 20 MB at most. */
const rememberedFiles = 100_000

export function createContext(
  fixed: Pick<ProviderContext, 'id' | 'client' | 'deps' | 'dialect' | 'concurrency' | 'readBudget'>,
): ProviderContext {
  let remembered: LRUCache<string, Attributes> | null = null
  return {
    ...fixed,
    // It takes all of its room at once, and providers that list attributes never need it.
    get remembered() {
      remembered ??= new LRUCache({ max: rememberedFiles })
      return remembered
    },
    directories: new LRUCache({ max: rememberedDirectories }),
    turns: new Map(),
    way: null,
  }
}

/** Checks the form of an answer; rejects with `SOURCE_PROTOCOL` where it has another. */
export function parseAnswer<T>(
  context: Pick<ProviderContext, 'client' | 'deps'>,
  ask: Ask,
  schema: z.ZodType<T>,
  body: unknown,
): T {
  const result = schema.safeParse(body)
  if (result.success) return result.data
  const problem = z.prettifyError(result.error).split('\n')[0] ?? ''
  throw new SourceError(
    'SOURCE_PROTOCOL',
    `source "${context.deps.name}": the answer of ${context.client.origin} to ${ask.route} has an unknown form (${problem}); is this the address of a provider?`,
    { details: { source: context.deps.name, route: ask.route } },
  )
}

/** Segments of a path inside a space, with the space in front as the path API wants it. */
export function segmentsOf(spaceSegment: string, path: string): readonly string[] {
  return path === '' ? [spaceSegment] : [spaceSegment, ...path.split('/')]
}

/** No file can have such a name, and a URL with such a segment would be about another file. */
export function isImpossible(path: string): boolean {
  return path.split('/').some((segment) => segment === '.' || segment === '..' || (segment === '' && path !== ''))
}

/**
 * Id of a path inside a space, by `lookup-file-id`. The space's root needs no request: its id stands for it in every route of files.
 * `Name@id` is asked for because names of spaces are not unique.
 */
export async function lookUp(
  context: ProviderContext,
  space: Space,
  path: string,
  signal: AbortSignal,
): Promise<{ readonly kind: 'found'; readonly fileId: string } | Refusal> {
  if (path === '') return { kind: 'found', fileId: space.id }
  if (isImpossible(path)) return noSuchPath
  const find = () => askForPath(context, space, path, signal)
  return recall(context.deps, pathKey(context, space, path), pathMs, find, ({ kind }) => kind === 'found')
}

/** Under which a path's id is remembered. */
export function pathKey({ client }: ProviderContext, space: Space, path: string): readonly string[] {
  return ['path', client.origin, space.id, path]
}

async function askForPath(
  context: ProviderContext,
  space: Space,
  path: string,
  signal: AbortSignal,
): Promise<{ readonly kind: 'found'; readonly fileId: string } | Refusal> {
  const ask: Ask = {
    route: 'POST /lookup-file-id/{path}',
    params: { path: segmentsOf(`${space.name}@${space.id}`, path) },
  }
  const answer = await context.client.ask(ask, signal)
  if (answer.kind !== 'ok') return answer
  return { kind: 'found', fileId: parseAnswer(context, ask, foundSchema, answer.body).fileId }
}

/** There is nothing at a path: known without asking. */
export const noSuchPath: Refusal = {
  kind: 'notFound',
  status: null,
  id: null,
  reason: 'there is no such path',
  transient: false,
}

const foundSchema = z.object({ fileId: z.string().min(1) })
