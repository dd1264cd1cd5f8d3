import { z } from 'zod'
import type { FileFacts } from '../../core/observation.ts'
import type { ReadRequest, Space } from '../../core/source.ts'
import { boundedXattr } from './bounded-xattr.ts'
import { readCdmiProcessing } from './cdmi.ts'
import type { Ask } from './client.ts'
import { holdsEverything } from './distribution.ts'
import type { Refusal } from './errors.ts'
import { type ProviderContext, parseAnswer, segmentsOf } from './provider-context.ts'

export type Extras = { readonly kind: 'extras'; readonly facts: FileFacts } | Refusal

interface Asked {
  readonly request: ReadRequest
  /** What is known already. */
  readonly facts: FileFacts
}

/** What else was asked about a file, a request each: extended attributes where they did not come with the others, CDMI's word, the distribution. */
export async function readExtras(
  context: ProviderContext,
  space: Space,
  asked: Asked,
  signal: AbortSignal,
): Promise<Extras> {
  let facts: FileFacts = {}
  for (const read of [readXattrs, readCdmi, readDistribution]) {
    const extras = await read(context, space, asked, signal)
    if (extras.kind !== 'extras') return extras
    facts = { ...facts, ...extras.facts }
  }
  return { kind: 'extras', facts }
}

const nothing: Extras = { kind: 'extras', facts: {} }

const xattrsSchema = z.record(z.string(), z.unknown())

async function readXattrs(
  context: ProviderContext,
  space: Space,
  { request, facts }: Asked,
  signal: AbortSignal,
): Promise<Extras> {
  if (request.xattrs.length === 0 || facts.xattrs !== undefined) return nothing
  const ask = xattrsAsk(context, space, request)
  const answer = await context.client.ask(ask, signal)
  if (answer.kind !== 'ok') return answer.kind === 'noRoute' ? nothing : answer
  const told = parseAnswer(context, ask, xattrsSchema, answer.body)
  const xattrs = Object.fromEntries(
    request.xattrs.map((name) => [name, Object.hasOwn(told, name) ? boundedXattr(told[name]) : null]),
  )
  return { kind: 'extras', facts: { xattrs } }
}

function xattrsAsk(context: ProviderContext, space: Space, request: ReadRequest): Ask {
  const { readBy } = context.dialect
  if (readBy === 'id') return { route: 'GET /data/{id}/metadata/xattrs', params: { id: request.fileId } }
  if (readBy === 'metadataId') return { route: 'GET /metadata-id/xattrs/{id}', params: { id: request.fileId } }
  const path = segmentsOf(space.name, request.path ?? '')
  return { route: 'GET /attributes/{path}', params: { path }, query: [['extended', 'true']] }
}

async function readCdmi(
  context: ProviderContext,
  _space: Space,
  { request }: Asked,
  signal: AbortSignal,
): Promise<Extras> {
  if (!request.cdmi) return nothing
  const answer = await readCdmiProcessing(context, request.fileId, signal)
  if (typeof answer !== 'boolean') return untoldOrOpen(answer)
  return { kind: 'extras', facts: { cdmiProcessing: answer } }
}

async function readDistribution(
  context: ProviderContext,
  _space: Space,
  { request, facts }: Asked,
  signal: AbortSignal,
): Promise<Extras> {
  if (!request.distribution || facts.size === undefined || !context.dialect.hasDataRoutes) return nothing
  const ask: Ask = { route: 'GET /data/{id}/distribution', params: { id: request.fileId } }
  const answer = await context.client.ask(ask, signal)
  if (answer.kind !== 'ok') return untoldOrOpen(answer)
  const heldElsewhere = holdsEverything(answer.body, facts.size)
  return heldElsewhere === null ? nothing : { kind: 'extras', facts: { heldElsewhere } }
}

/** A question that may be answered later stays open; one that this provider never answers is left out. */
function untoldOrOpen(refusal: Refusal): Extras {
  return refusal.kind === 'unavailable' || refusal.kind === 'unauthorized' || refusal.kind === 'notFound'
    ? refusal
    : nothing
}
