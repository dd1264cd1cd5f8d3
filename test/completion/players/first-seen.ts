import { endOf, isDown, ShownFiles } from '../shown-files.ts'
import { type Fire, firstPollAt, isWatched, type Player } from './player.ts'

const pollMs = 10_000

/**
 * OneTrigger 1.0.4: `onetrigger/oneproviderclient.py` and `events.py` of grycap/onetrigger at 1.0.4. It lists the folder, sleeps 10 s, and lists again. The
 * first listing after a start sends nothing; after that a file whose id was not in the listing before is reported at once. It has no filter, and
 * forgets everything when it ends.
 */
export const firstSeen: Player = {
  name: '1.0.4',
  play: async (trace) => {
    const files = new ShownFiles(trace)
    const fires: Fire[] = []
    let known: ReadonlySet<string> | null = null
    for (let at = firstPollAt(trace, pollMs) - pollMs; at <= endOf(trace) + 2 * pollMs; at += pollMs) {
      if (isDown(trace, at)) {
        known = null
        continue
      }
      const there = [...files.at(at).values()].filter(({ path }) => isWatched(path))
      for (const { file, size } of there) if (known?.has(file) === false) fires.push({ at, file, size })
      known = new Set(there.map(({ file }) => file))
    }
    return fires
  },
}
