import { z } from 'zod'
import { SourceError } from '../../core/errors.ts'
import type { Space } from '../../core/source.ts'
import type { Ask } from './client.ts'
import { type ProviderContext, parseAnswer } from './provider-context.ts'
import { toldId } from './told.ts'

/** A space as a provider or a zone tells of it. */
export interface KnownSpace extends Space {
  /** Ids of the providers that support it; null where they are not told. */
  readonly providers: readonly string[] | null
}

const supportSchema = z.object({ providers: z.array(z.object({ providerId: z.string() })).optional() })

const spacesSchema = z.array(
  supportSchema.extend({
    spaceId: z.string().refine((id) => toldId(id) !== null, 'this is no id'),
    name: z.string(),
  }),
)

/** All spaces of the token's owner, in the provider's order; also those that this provider does not support. */
export async function listProviderSpaces(
  context: Pick<ProviderContext, 'client' | 'deps'>,
  signal: AbortSignal,
): Promise<readonly KnownSpace[]> {
  const ask: Ask = { route: 'GET /spaces' }
  const answer = await context.client.demand(ask, signal)
  return parseAnswer(context, ask, spacesSchema, answer.body).map(({ spaceId, name, providers }) => ({
    id: spaceId,
    name,
    providers: providers?.map(({ providerId }) => providerId) ?? null,
  }))
}

/** Finds a space of a provider by name, id or `Name@id`, and makes sure that the provider supports it. */
export async function resolveProviderSpace(
  context: ProviderContext,
  wanted: string,
  signal: AbortSignal,
): Promise<KnownSpace> {
  const { id, name, providers } = findSpace(await listProviderSpaces(context, signal), wanted, context.deps.name)
  if (providers === null) return { id, name, providers: await askForProviders(context, id, signal) }
  if (!providers.includes(context.id)) {
    throw unknown(
      `source "${context.deps.name}": space "${wanted}" is not supported by the provider ${context.client.origin}; name one of its providers as \`host\`, or the \`zone\``,
    )
  }
  return { id, name, providers }
}

/** Null where they are not told here either. Rejects where the provider does not support the space. */
async function askForProviders(
  { client }: ProviderContext,
  id: string,
  signal: AbortSignal,
): Promise<KnownSpace['providers']> {
  const { body } = await client.demand({ route: 'GET /spaces/{id}', params: { id } }, signal)
  const told = supportSchema.safeParse(body).data?.providers
  return told?.map(({ providerId }) => providerId) ?? null
}

/** The space that is meant: an id is taken before a name, an exact name before `Name@id`. Throws `SOURCE_SPACE_UNKNOWN` for none or several. */
export function findSpace(spaces: readonly KnownSpace[], wanted: string, source: string): KnownSpace {
  const byId = spaces.find(({ id }) => id === wanted)
  if (byId !== undefined) return byId
  const named = spaces.filter(({ name }) => name === wanted)
  const matching = named.length > 0 ? named : spaces.filter(({ id, name }) => `${name}@${id}` === wanted)
  const [only, ...others] = matching
  if (only === undefined) {
    throw unknown(
      `source "${source}": there is no space "${wanted}" for this token; \`onetrigger list-spaces\` shows those there are`,
    )
  }
  if (others.length > 0) {
    const ways = matching.map(({ id, name }) => `"${name}@${id}"`).join(', ')
    throw unknown(
      `source "${source}": ${matching.length} spaces are called "${wanted}"; say which one is meant: ${ways}`,
    )
  }
  return only
}

function unknown(message: string): SourceError {
  return new SourceError('SOURCE_SPACE_UNKNOWN', message)
}
