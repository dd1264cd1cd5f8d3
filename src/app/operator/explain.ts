import type { Config } from '../../config/config.ts'
import type { Delivery } from '../../core/delivery.ts'
import type { FileState } from '../../core/file-state.ts'
import { deliveryId } from '../../core/ids.ts'
import { createMatcher } from '../../core/matching.ts'
import type { Trigger } from '../../core/trigger.ts'
import { formatDuration } from '../../lib/duration.ts'
import type { Store } from '../../store/store.ts'

/** What one trigger makes of a path. */
export interface Explanation {
  readonly trigger: string
  /** Sentences that say why it fired, or why not yet. */
  readonly because: readonly string[]
  /** What is stored of the file; null where nothing is. */
  readonly state: FileState | null
  readonly deliveries: readonly Delivery[]
}

export interface ExplainInput {
  /** `/Space/folder/file` or the path inside the space. */
  readonly path: string
  readonly store: Store
  /** The configuration, where there is one: without it only what is stored is told. */
  readonly config: Config | null
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** Why a file fired, or why not yet, for each trigger that could have something to say. */
export async function explain({ path, store, config, now }: ExplainInput): Promise<readonly Explanation[]> {
  const names = new Set([...(config?.triggers ?? []).map(({ name }) => name), ...(await store.triggers())])
  const targets = (await store.depth()).map(({ target }) => target)
  const found: Explanation[] = []
  for (const name of names) {
    const trigger = config?.triggers.find((each) => each.name === name) ?? null
    const paths = await pathsInSpace(path, { name, trigger, store })
    const states = await store.filesByPath(name, paths)
    if (states.length === 0) {
      if (trigger !== null)
        found.push({ trigger: name, because: unknownBecause(trigger, paths), state: null, deliveries: [] })
      continue
    }
    for (const state of states) {
      const deliveries = await deliveriesOf(state, targets, store)
      found.push({ trigger: name, because: because(state, trigger, now), state, deliveries })
    }
  }
  return found
}

/** A space that is configured like this may be an id, which is not what paths begin with. */
const idLike = /^[\w-]{20,}$/

/** A path as people copy it from a URL or a log may begin with the space. */
async function pathsInSpace(
  path: string,
  { name, trigger, store }: { readonly name: string; readonly trigger: Trigger | null; readonly store: Store },
): Promise<readonly string[]> {
  const plain = path.replace(/^\/+|\/+$/g, '')
  const [first = '', ...rest] = plain.split('/')
  if (!path.startsWith('/') || rest.length === 0) return [plain]
  const inside = rest.join('/')
  // Without a configuration nobody knows what the space is called: the first segment may be its name.
  if (trigger === null) return [plain, inside]
  const { space } = trigger
  if (first === space || first === space.split('@')[0]) return [inside]
  if (!idLike.test(space)) return [plain]
  const [last] = await store.deliveries({ trigger: name, newestFirst: true, limit: 1 })
  if (last === undefined || last.event.kind === 'notice') return [plain, inside]
  return [last.event.space.name === first ? inside : plain]
}

async function deliveriesOf(state: FileState, targets: readonly string[], store: Store): Promise<readonly Delivery[]> {
  const events = state.decided.flatMap(({ eventId }) => eventId ?? [])
  const found = await Promise.all(events.flatMap((event) => targets.map((target) => runsOf(event, target, store))))
  return found.flat()
}

/** A delivery and its further runs. */
async function runsOf(event: string, target: string, store: Store): Promise<readonly Delivery[]> {
  const runs: Delivery[] = []
  for (;;) {
    const delivery = await store.delivery(deliveryId(event, target, runs.length))
    if (delivery === null) return runs
    runs.push(delivery)
  }
}

const markerSentence = 'It is a marker of another file: it never fires itself.'

/** Nothing is stored: the configuration says whether anything would be. */
function unknownBecause(trigger: Trigger, paths: readonly string[]): readonly string[] {
  const { role } = createMatcher(trigger)
  const kind = paths.map((path) => role(path).kind).find((each) => each !== 'foreign') ?? 'foreign'
  if (kind === 'foreign') {
    const where = trigger.folder === '' ? 'its space' : `its folder "${trigger.folder}"`
    return [`The trigger does not look at it: it is not below ${where}, or include and exclude leave it out.`]
  }
  if (kind === 'marker') return [markerSentence]
  const temporary =
    kind === 'temporary' ? ' Its name is a temporary one (completion.ignore), so it would wait to be renamed.' : ''
  return [`The trigger would look at it, but no file was seen at this path so far.${temporary}`]
}

function because(state: FileState, trigger: Trigger | null, now: number): readonly string[] {
  if (state.isMarker) return [markerSentence]
  switch (state.phase) {
    case 'uploading':
      return uploadingBecause(state, trigger, now)
    case 'settling':
      return ['It was quiet for long enough, and is being looked at afresh before it fires.']
    case 'complete':
      return completeBecause(state, trigger)
    case 'stalled':
      return [`It stopped growing without becoming complete: ${state.evidence?.because ?? 'its evidence never came'}.`]
    case 'gone':
      return ['It was deleted or moved away; what was fired is kept, because it may come back.']
  }
}

function completeBecause({ evidence, decided, facts }: FileState, trigger: Trigger | null): readonly string[] {
  const last = decided.at(-1)
  const isPassedOver = last === undefined || trigger?.completion.emptyFiles === 'ignore'
  if (isPassedOver && facts.size === 0 && !decided.some(({ size }) => size === 0))
    return ['It is empty, and empty files do not fire (emptyFiles: ignore).']
  if (last?.eventId === null)
    return ['It was there before the watch began, so it is known and did not fire (existing: ignore).']
  const why = evidence === null ? 'it was found complete' : `${evidence.because} (evidence: ${evidence.rung})`
  const when = last === undefined ? '' : ` on ${new Date(last.at).toISOString()}, as event ${last.eventId}`
  return [`It fired${when}: ${why}.`]
}

function uploadingBecause(state: FileState, trigger: Trigger | null, now: number): readonly string[] {
  const quietMs = Math.max(now - state.lastChangeAt, 0)
  const seen = `It last changed ${formatDuration(Math.round(quietMs / 1_000) * 1_000)} ago.`
  if (state.vetoSince !== null) {
    const since = new Date(state.vetoSince).toISOString()
    return [
      seen,
      `Bytes are missing on its provider, or an upload is still going on, since ${since}: that forbids firing.`,
    ]
  }
  if (trigger === null) return [seen]
  return [seen, ...waitsFor(state, trigger, quietMs)]
}

function waitsFor({ path, evidencedAt, facts }: FileState, trigger: Trigger, quietMs: number): readonly string[] {
  const { completion } = trigger
  const { role, markerOf } = createMatcher(trigger)
  if (path !== null && role(path).kind === 'temporary') {
    return ['Its name is a temporary one (completion.ignore): it waits to be renamed.']
  }
  const asked = [
    ...(completion.marker === null || path === null ? [] : [`its marker ${markerOf(path)}`]),
    ...(completion.xattr === null ? [] : [`its attribute ${completion.xattr.key}`]),
    ...(completion.declaredSize === null ? [] : [`the size that its attribute ${completion.declaredSize} declares`]),
  ]
  if (asked.length > 0 && evidencedAt === undefined) return [`It waits for ${asked.join(' and ')}.`]
  if (facts.size === 0 && completion.emptyFiles === 'hold') {
    return [`It is empty: it fires as it is ${formatDuration(completion.stalledAfterMs)} after its last change.`]
  }
  const left = completion.stableForMs - quietMs
  if (left > 0) {
    const rest = formatDuration(Math.ceil(left / 1_000) * 1_000)
    return [`It must not change for ${formatDuration(completion.stableForMs)}: ${rest} to go.`]
  }
  return ['It was quiet for long enough: it will be looked at afresh as soon as the provider answers.']
}
