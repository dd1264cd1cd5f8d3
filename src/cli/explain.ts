import { type Explanation, explain } from '../app/operator/explain.ts'
import { withStore } from '../app/operator/open.ts'
import type { Flags } from '../config/given.ts'
import { createSystemClock } from '../lib/clock.ts'
import { beside } from './beside.ts'
import { deliverySummary } from './delivery-view.ts'
import type { Io } from './io.ts'
import { printable } from './printable.ts'

/** `onetrigger explain PATH`: why it fired, or why not yet; 1 where nothing is known of the path. */
export async function explainPath(path: string, flags: Flags, io: Io): Promise<number> {
  const { store: place, configured } = beside(flags, io)
  const clock = createSystemClock()
  return withStore(place, clock, async (store) => {
    const found = await explain({ path, store, config: configured?.config ?? null, now: clock.now() })
    if (flags.json === true) io.print(JSON.stringify(found))
    else for (const text of lines(found, clock.now())) io.print(text)
    return found.some(({ state }) => state !== null) ? 0 : 1
  })
}

function lines(found: readonly Explanation[], now: number): readonly string[] {
  if (found.length === 0) return ['Nothing is known of this path.']
  return found.flatMap(({ trigger, state, because, deliveries }) => [
    `trigger ${trigger}: ${state === null ? 'unknown' : `${state.phase}, ${state.facts.size ?? 'unknown'} bytes, file ${printable(state.fileId)}`}`,
    ...because.map((sentence) => `  ${printable(sentence)}`),
    ...deliveries.flatMap((delivery) => deliverySummary(delivery, now).map((text) => `  ${text}`)),
  ])
}
