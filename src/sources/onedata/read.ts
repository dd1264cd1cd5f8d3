import { SourceError } from '../../core/errors.ts'
import { baseName, dirName, type FileFacts } from '../../core/observation.ts'
import type { ReadAnswer, ReadRequest, Space } from '../../core/source.ts'
import type { Attributes } from './attributes.ts'
import type { Refusal } from './errors.ts'
import { mapConcurrently } from './map-concurrently.ts'
import type { ProviderContext } from './provider-context.ts'
import { type ListedFile, readByListing } from './read-by-listing.ts'
import { readExtras } from './read-extras.ts'
import { readOne } from './read-one.ts'
import { isPossiblePath, withoutSpace } from './told.ts'

/** So many outages one after the other mean that the provider answers nobody: it is not asked for the rest. */
const outagesInARow = 8

/** See `Provider.read`: a fresh look at each file, in as few requests as there can be. Rejects only on abort. */
export async function readFiles(
  context: ProviderContext,
  space: Space,
  requests: readonly ReadRequest[],
  signal: AbortSignal,
): Promise<readonly ReadAnswer[]> {
  const listed = await readByListing(context, space, requests, signal)
  let outages = 0
  return mapConcurrently(requests, context.concurrency, async (request) => {
    const { fileId } = request
    if (outages >= outagesInARow) return unavailable(fileId, 'the provider answers nothing at the moment')
    const seen = await lookAt(context, { space, request, listed: listed.get(fileId) ?? null }, signal)
    const isRefused = 'transient' in seen
    outages = isRefused && isOutage(seen) ? outages + 1 : 0
    return isRefused ? refused(fileId, seen) : seen
  })
}

interface Question {
  readonly space: Space
  readonly request: ReadRequest
  /** What a listing told of it, where one did. */
  readonly listed: ListedFile | null
}

async function lookAt(
  context: ProviderContext,
  question: Question,
  signal: AbortSignal,
): Promise<ReadAnswer | Refusal> {
  try {
    return await look(context, question, signal)
  } catch (error) {
    // An answer of unknown form: nothing follows about the file.
    if (error instanceof SourceError) return unavailable(question.request.fileId, error.message)
    throw error
  }
}

async function look(
  context: ProviderContext,
  { space, request, listed }: Question,
  signal: AbortSignal,
): Promise<ReadAnswer | Refusal> {
  const { fileId } = request
  const seen = listed ?? (await readSingly(context, space, request, signal))
  if ('kind' in seen) return seen
  if (seen.type === null) return unavailable(fileId, 'the provider did not tell what it is')
  if (seen.type !== 'file') return { kind: 'notAFile', fileId }
  const extras = await readExtras(context, space, { request, facts: seen.facts }, signal)
  if (extras.kind !== 'extras') return extras
  const facts: FileFacts = { ...seen.facts, ...extras.facts }
  return { kind: 'file', fileId, dir: seen.dir, name: seen.name, facts, by: 'read' }
}

async function readSingly(
  context: ProviderContext,
  space: Space,
  request: ReadRequest,
  signal: AbortSignal,
): Promise<ListedFile | Refusal> {
  const read = await readOne(context, space, request, { holes: true, xattrs: request.xattrs }, signal)
  if (read.kind !== 'read') return read
  const { attributes } = read
  return { type: attributes.type, facts: attributes.facts, ...placeOf(context, request, attributes) }
}

/** Where the file is now: told from 21.02.5 on, proved where it was read by path, else only its name. */
function placeOf(
  context: ProviderContext,
  request: ReadRequest,
  { path, name }: Attributes,
): Pick<ListedFile, 'dir' | 'name'> {
  const known = path === null ? (context.dialect.readBy === 'path' ? request.path : null) : withoutSpace(path)
  return known === null || !isPossiblePath(known) ? { dir: null, name } : { dir: dirName(known), name: baseName(known) }
}

function refused(fileId: string, refusal: Refusal): ReadAnswer {
  if (refusal.kind === 'notFound') return { kind: 'gone', fileId, by: 'read' }
  return unavailable(fileId, `the provider did not tell: ${refusal.reason}`)
}

function unavailable(fileId: string, reason: string): ReadAnswer {
  return { kind: 'unavailable', fileId, reason }
}

/** Whether a refusal is about the provider or the token. Lost rights or a defect (500) may be about this file only: the others have their turn. */
function isOutage({ kind, status, id }: Refusal): boolean {
  return kind === 'unauthorized' || (kind === 'unavailable' && status !== 500 && id !== 'posix')
}
