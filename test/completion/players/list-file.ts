import { endOf, isDown, type ShownFile, ShownFiles } from '../shown-files.ts'
import { type Fire, firstPollAt, isLeftOut, isWatched, type Player } from './player.ts'

const pollMs = 10_000
/** "Target System Timestamp Precision" is detected as seconds: files of the newest second wait for the next run, when they are not older than this. */
const lagMs = 1_000

/**
 * NiFi's ListFile, "Listing Strategy: Tracking Timestamps" (the default), run every 10 s; from its documentation and `AbstractListProcessor`: a file is listed
 * when its mtime is above the newest one listed so far, or the same and its name was not listed; "Minimum File Age" (default 0 s) compares mtime with
 * NiFi's own clock. The state is kept over restarts. "Ignore Hidden Files" and a "File Filter" leave out temporary names and markers.
 */
export function listFile(minAgeMs: number): Player {
  return {
    name: `NiFi ListFile, minimum age ${minAgeMs / 1_000} s`,
    play: async (trace) => {
      const files = new ShownFiles(trace)
      const fires: Fire[] = []
      const state = new ListingState()
      for (let at = firstPollAt(trace, pollMs); at <= endOf(trace) + minAgeMs + 3 * pollMs; at += pollMs) {
        const there = [...files.at(at).values()]
        if (isDown(trace, at)) continue
        const old = there.filter(
          ({ path, mtime }) => isWatched(path) && !isLeftOut(path) && at - mtime * 1_000 >= minAgeMs,
        )
        for (const { file, size } of state.list(old, at)) fires.push({ at, file, size })
      }
      return fires
    },
  }
}

/** What the processor keeps: the newest mtime listed, and the names that had it. */
class ListingState {
  #newest = Number.NEGATIVE_INFINITY
  #names = new Set<string>()

  list(there: readonly ShownFile[], at: number): readonly ShownFile[] {
    const fresh = there.filter(
      ({ path, mtime }) => mtime > this.#newest || (mtime === this.#newest && !this.#names.has(path)),
    )
    const last = fresh.reduce((newest, { mtime }) => Math.max(newest, mtime), Number.NEGATIVE_INFINITY)
    const isHeld = last * 1_000 > at - lagMs
    const listed = isHeld ? fresh.filter(({ mtime }) => mtime < last) : fresh
    for (const { path, mtime } of listed) {
      if (mtime > this.#newest) this.#names = new Set()
      this.#newest = Math.max(this.#newest, mtime)
      if (mtime === this.#newest) this.#names.add(path)
    }
    return listed
  }
}
