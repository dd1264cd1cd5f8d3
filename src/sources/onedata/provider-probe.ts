import type { Ask } from './client.ts'
import type { ProviderContext } from './provider-context.ts'
import type { Success } from './wire.ts'

/**
 * Whether the route of file events is there and lets this token in (reference, section 4): `{}` lacks what the route requires, so a
 * provider that has it refuses it with an error of the API, and no stream is opened. Rejects with `SourceError` when the provider does not answer.
 */
export function probeEvents(context: ProviderContext, spaceId: string, signal: AbortSignal): Promise<boolean> {
  return probe(context, 'POST /spaces/{id}/events/files', { spaceId, streamType: 'text/event-stream' }, signal)
}

/** Whether this token may read the changes stream: rights are checked before the body, and `{}` names nothing to watch. */
export function probeChanges(context: ProviderContext, spaceId: string, signal: AbortSignal): Promise<boolean> {
  return probe(context, 'POST /changes/metadata/{id}', { spaceId, streamType: 'application/json' }, signal)
}

async function probe(
  context: ProviderContext,
  route: string,
  { spaceId, streamType }: { readonly spaceId: string; readonly streamType: string },
  signal: AbortSignal,
): Promise<boolean> {
  const ask: Ask = { route, params: { id: spaceId }, body: {}, statusOnly: true }
  const answer = await context.client.ask(ask, signal)
  switch (answer.kind) {
    case 'ok':
      return isStream(answer, streamType)
    case 'unavailable':
      throw context.client.error(ask, answer)
    case 'unauthorized':
    case 'forbidden':
      return refuseUnlessTokenWorks(context, spaceId, signal)
    default:
      // An error with an id is the route's own; without one it is the answer of something else.
      return answer.id !== null
  }
}

function isStream({ contentType }: Success, streamType: string): boolean {
  return contentType.startsWith(streamType)
}

/**
 * A token that is good for everything else is only not allowed this route (a caveat, a privilege that is lacking): false. A token that
 * has expired says nothing about the route: rejects, so that the question is asked again when there is a new one.
 */
async function refuseUnlessTokenWorks(context: ProviderContext, spaceId: string, signal: AbortSignal): Promise<false> {
  await context.client.demand({ route: 'GET /spaces/{id}', params: { id: spaceId } }, signal)
  return false
}
