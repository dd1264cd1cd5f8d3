import type { Delivery, DeliveryState } from '../../core/delivery.ts'
import { subjectOf } from '../../core/event.ts'
import { compileGlobs } from '../../core/matching.ts'
import { baseName } from '../../core/observation.ts'
import type { Store } from '../../store/store.ts'

/** Which deliveries a command is about; everything that is given must hold. */
export interface Selection {
  readonly target?: string
  readonly trigger?: string
  readonly state?: DeliveryState
  /** Made at least this long ago, milliseconds. */
  readonly olderThanMs?: number
  /** Made less than this long ago, milliseconds. */
  readonly newerThanMs?: number
  /** Glob on the path inside the space; without a slash on the name. */
  readonly path?: string
}

const pageSize = 500

/** Deliveries page by page, in the order of their making or newest first. */
export async function* selectDeliveries(
  store: Store,
  selection: Selection,
  now: number,
  newestFirst = false,
): AsyncGenerator<Delivery> {
  const isWanted = criteria(selection, now)
  const { target, trigger, state } = selection
  const filter = {
    limit: pageSize,
    newestFirst,
    ...(target === undefined ? {} : { target }),
    ...(trigger === undefined ? {} : { trigger }),
    ...(state === undefined ? {} : { state }),
  }
  let page = await store.deliveries(filter)
  while (page.length > 0) {
    yield* page.filter(isWanted)
    const last = page.at(-1)
    page = last === undefined ? [] : await store.deliveries({ ...filter, after: last.id })
  }
}

function criteria({ olderThanMs, newerThanMs, path }: Selection, now: number): (delivery: Delivery) => boolean {
  const matches = path === undefined ? null : compileGlobs([path])
  return ({ createdAt, event }) => {
    const age = now - createdAt
    if (olderThanMs !== undefined && age < olderThanMs) return false
    if (newerThanMs !== undefined && age >= newerThanMs) return false
    return matches === null || matches(subjectOf(event), baseName(subjectOf(event)))
  }
}

/** Changes deliveries in small transactions, so that the running instance never waits for long. `change` gives how many it changed. */
export async function changeInSteps(
  ids: readonly string[],
  change: (ids: readonly string[]) => Promise<number>,
): Promise<number> {
  let changed = 0
  for (let start = 0; start < ids.length; start += pageSize) changed += await change(ids.slice(start, start + pageSize))
  return changed
}
