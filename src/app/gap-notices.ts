import type { Notices } from '../delivery/notices.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { SourceMeter } from '../sources/define.ts'
import type { Store } from '../store/store.ts'

/** Gaps of one source within this time are one occasion: a provider that comes and goes fills no one's inbox. */
const occasionMs = 600_000

export interface GapNoticeDeps {
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  readonly notices: Notices
  /** Events for these targets have become durable. */
  readonly onOwed: (targets: readonly string[]) => void
}

/** The same meter, which also tells those who want to know that a source may have missed something (`source.gap`). */
export function tellingOfGaps(source: string, meter: SourceMeter, deps: GapNoticeDeps): SourceMeter {
  const { store, clock, log, notices, onOwed } = deps
  return {
    ...meter,
    gap: (reason) => {
      meter.gap(reason)
      const at = clock.wall()
      const owed = notices.make({
        type: 'source.gap',
        subject: `source/${source}`,
        occasion: String(Math.floor(at / occasionMs)),
        message: `Source ${source} may have missed something (${reason}); everything is listed anew.`,
        data: { source, reason },
        at,
      })
      if (owed.length === 0) return
      store.settle([], owed).then(
        () => onOwed(owed.flatMap(({ targets }) => targets)),
        (error: unknown) => log.warn({ source, err: error }, 'a notice of a gap could not be stored'),
      )
    },
  }
}
