import { type BridgeDeps, createBridge } from '../app/bridge.ts'
import type { Config } from '../config/config.ts'
import { SourceError } from '../core/errors.ts'
import type { PartHealth } from '../core/source.ts'
import { sleep } from '../lib/clock.ts'
import { type Counts, Tally } from './tally.ts'

export interface RunDeps extends Pick<BridgeDeps, 'store' | 'clock' | 'random' | 'log' | 'secret' | 'holder'> {
  /** When the run must be over, by `clock.now()`. */
  readonly deadline: number
  /** The same object in each run of one process: sources remember under it what spares them requests. */
  readonly warm: object
  /** The first run of this process: it looks after what the store holds of other names. */
  readonly isFirst: boolean
}

/** What a run did. `parts` are those of `/readyz`: each watch and each target, as it was at the end. */
export interface Summary extends Counts {
  readonly ok: boolean
  readonly ms: number
  /** Why it ended: nothing happened any more; its time was over; another run was at work, so it did nothing. */
  readonly ended: 'quiet' | 'deadline' | 'another run'
  readonly parts: Readonly<Record<string, string>>
}

/** Nothing has happened for so long: a provider tells at once what there is behind a cursor, and nothing is due. */
const quietMs = 1_000
/** A provider that gives no answer for so long is tried again in the next run. */
const unreadyMs = 20_000
/** Before the deadline: attempts under way may still end, then they are broken off. Of a short time, less. */
const [stopBeforeMs, stopBeforeShare] = [8_000, 1 / 4]
const [abortBeforeMs, abortBeforeShare] = [3_000, 1 / 8]
const lookEveryMs = 50

/**
 * One run of what otherwise runs for ever, on a store that nobody else has: goes on from the stored cursors, advances every pending file, delivers what is
 * owed, and ends when nothing happens any more, or in time before the deadline. What is left is in the store, and goes on in the next run. Rejects with what
 * a person must repair, and where a source could not be watched (`SOURCE_UNREACHABLE`), so that somebody is told.
 */
export async function runOnce(config: Config, deps: RunDeps): Promise<Summary> {
  const { clock } = deps
  const began = clock.now()
  const tally = new Tally(clock)
  const { ended, health } = await runBridge(config, tally, deps)
  const parts = Object.fromEntries(Object.entries(health.parts).map(([name, { detail }]) => [name, detail]))
  const summary: Summary = { ok: health.ready, ms: clock.now() - began, ended, ...tally.counts, parts }
  const unwell = Object.entries(health.parts).find(([name, { ok }]) => name.startsWith('watch ') && !ok)
  if (unwell === undefined) return summary
  throw new SourceError('SOURCE_UNREACHABLE', `${unwell[0]}: ${unwell[1].detail}`, { details: { ...summary } })
}

/** The answer of a run that found another one at work. */
export function idleSummary(clock: RunDeps['clock']): Summary {
  return { ok: true, ms: 0, ended: 'another run', ...new Tally(clock).counts, parts: {} }
}

interface Ended {
  readonly ended: 'quiet' | 'deadline'
  /** While it worked: afterwards every watch has ended. */
  readonly health: { readonly ready: boolean; readonly parts: Readonly<Record<string, PartHealth>> }
}

async function runBridge(config: Config, tally: Tally, deps: RunDeps): Promise<Ended> {
  const { clock, deadline, isFirst } = deps
  const meters = { source: tally.source, pipeline: tally.pipeline, delivery: tally.delivery }
  const bridge = createBridge(config, { ...deps, meters, isReload: false, adoptsState: isFirst, isShortRun: true })
  const [stop, abort] = [new AbortController(), new AbortController()]
  const leftMs = deadline - clock.now()
  const cancels = [
    clock.timer(leftMs - Math.min(stopBeforeMs, leftMs * stopBeforeShare), () => stop.abort()),
    clock.timer(leftMs - Math.min(abortBeforeMs, leftMs * abortBeforeShare), () => abort.abort()),
  ]
  const seen: { ended: Ended['ended']; health: Ended['health'] } = { ended: 'deadline', health: bridge.health() }
  stop.signal.addEventListener('abort', () => {
    seen.health = bridge.health()
  })
  const looking = endWhenQuiet(bridge, tally, clock, stop).then((isQuiet) => {
    if (isQuiet) seen.ended = 'quiet'
  })
  try {
    await bridge.run(stop.signal, abort.signal)
  } finally {
    for (const cancel of cancels) cancel()
    stop.abort()
    await looking
  }
  return seen
}

/** Stops the run when nothing happens any more, and resolves with true; with false when it was stopped for another reason. */
async function endWhenQuiet(
  bridge: { health(): Ended['health'] },
  tally: Tally,
  clock: RunDeps['clock'],
  stop: AbortController,
): Promise<boolean> {
  let wasQuiet = false
  while (!stop.signal.aborted) {
    await sleep(clock, lookEveryMs, stop.signal).catch(() => {})
    if (stop.signal.aborted) return false
    const isQuiet = tally.quietMs >= (bridge.health().ready ? quietMs : unreadyMs)
    // After a stall of the whole process what came meanwhile has not been read yet: it is looked at twice.
    if (isQuiet && wasQuiet) {
      stop.abort()
      return true
    }
    wasQuiet = isQuiet
  }
  return false
}
