import { z } from 'zod'
import type { Space } from '../../core/source.ts'
import { type AttributeNeeds, type Attributes, attributeQuery, readAttributes } from './attributes.ts'
import type { Ask } from './client.ts'
import type { Refusal } from './errors.ts'
import { noSuchPath, type ProviderContext, parseAnswer, segmentsOf } from './provider-context.ts'

/** One file: its id, and its last known path, the only handle there is on 18.02. */
export interface FileHandle {
  readonly fileId: string
  readonly path: string | null
}

export type ReadOne = { readonly kind: 'read'; readonly attributes: Attributes } | (Refusal & { readonly ask: Ask })

const attributesSchema = z.record(z.string(), z.unknown())

/** Reads the attributes of one file: one request on any version. */
export async function readOne(
  context: ProviderContext,
  space: Space,
  file: FileHandle,
  needs: AttributeNeeds,
  signal: AbortSignal,
): Promise<ReadOne> {
  const ask = attributesAsk(context, space, file, needs)
  if (context.dialect.readBy === 'path' && file.path === null) return { ...pathLacking, ask }
  const read = await readWith(context, ask, needs, signal)
  // Asked by path, another file may have taken the place of this one.
  const isOther = read.kind === 'read' && read.attributes.fileId !== null && read.attributes.fileId !== file.fileId
  return isOther ? { ...noSuchPath, ask } : read
}

/** Reads what lies at a path: `fileId` is what the path was resolved to, or the space's id for its root (the answer has another). */
export async function readPath(
  context: ProviderContext,
  space: Space,
  { fileId, path }: { readonly fileId: string; readonly path: string },
  signal: AbortSignal,
): Promise<ReadOne> {
  const needs = { holes: false, xattrs: [] }
  const ask =
    context.dialect.readBy === 'metadataId'
      ? { route: 'GET /metadata/attrs/{path}', params: { path: segmentsOf(space.name, path) } }
      : attributesAsk(context, space, { fileId, path }, needs)
  return readWith(context, ask, needs, signal)
}

async function readWith(
  context: ProviderContext,
  ask: Ask,
  needs: AttributeNeeds,
  signal: AbortSignal,
): Promise<ReadOne> {
  const answer = await context.client.ask(ask, signal)
  if (answer.kind !== 'ok') return { ...answer, ask }
  const raw = parseAnswer(context, ask, attributesSchema, answer.body)
  return { kind: 'read', attributes: readAttributes(raw, { providerId: context.id, xattrs: needs.xattrs }) }
}

/** Not a word about the file: nothing says that it is gone. */
const pathLacking: Refusal = {
  kind: 'invalid',
  status: null,
  id: null,
  reason: 'its path is not known, and this version reads files by path only',
  transient: false,
}

function attributesAsk(context: ProviderContext, space: Space, file: FileHandle, needs: AttributeNeeds): Ask {
  const { dialect } = context
  if (dialect.readBy === 'path') {
    return { route: 'GET /attributes/{path}', params: { path: segmentsOf(space.name, file.path ?? '') } }
  }
  if (dialect.readBy === 'metadataId') return { route: 'GET /metadata-id/attrs/{id}', params: { id: file.fileId } }
  // Asked by deprecated names 20.02 tells one attribute per request; asked for none it tells all of them.
  const query = dialect.attributes === 'current' ? attributeQuery(dialect, ['name', 'path'], needs) : []
  return { route: 'GET /data/{id}', params: { id: file.fileId }, query }
}
