import type { WatchNeeds } from '../core/source.ts'
import type { Trigger } from '../core/trigger.ts'

/** What the triggers of one space need its source to tell. */
export function needsOf(triggers: readonly Trigger[]): WatchNeeds {
  const xattrs = triggers.flatMap(({ completion }) =>
    [completion.xattr?.key, completion.declaredSize, completion.checksum].filter((name) => typeof name === 'string'),
  )
  return {
    folders: [...new Set(triggers.map((trigger) => trigger.folder))],
    xattrs: [...new Set(xattrs)],
    holes: triggers.some((trigger) => trigger.completion.holes === 'veto'),
  }
}
