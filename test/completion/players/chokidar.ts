import { endOf, isDown, type ShownFile, ShownFiles } from '../shown-files.ts'
import { type Fire, isLeftOut, isWatched, type Player } from './player.ts'

const pollMs = 100
const stabilityMs = 2_000

/** A path that is being waited for: the size it had, and since when. */
interface Waiting {
  readonly size: number
  readonly since: number
}

/**
 * chokidar with `awaitWriteFinish: true` and `usePolling: true` (a mounted space tells no inotify events of others' writes); its README: "poll file size,
 * holding its add and change events until the size does not change for a configurable amount of time", `stabilityThreshold` 2000, `pollInterval` 100.
 * A change is another size or mtime than at the last look. The gate stands open until `ready` (paulmillr/chokidar#594): what is there at a start is
 * reported at once. `ignored`: temporary names and markers.
 */
export const chokidar: Player = {
  name: 'chokidar awaitWriteFinish',
  play: async (trace) => {
    const files = new ShownFiles(trace)
    const fires: Fire[] = []
    let watcher = new Watcher(new Map())
    let wasDown = false
    for (let at = 0; at <= endOf(trace) + 2 * stabilityMs; at += pollMs) {
      const there = byPath(files.at(at))
      const down = isDown(trace, at)
      if (!down && wasDown) {
        watcher = new Watcher(there)
        for (const { file, size } of there.values()) fires.push({ at, file, size })
      }
      if (!down) fires.push(...watcher.look(there, at))
      wasDown = down
    }
    return fires
  },
}

class Watcher {
  #seen: ReadonlyMap<string, ShownFile>
  readonly #waiting = new Map<string, Waiting>()

  constructor(seen: ReadonlyMap<string, ShownFile>) {
    this.#seen = seen
  }

  /** The files that are reported now. */
  look(there: ReadonlyMap<string, ShownFile>, at: number): readonly Fire[] {
    for (const path of this.#waiting.keys()) if (!there.has(path)) this.#waiting.delete(path)
    const ready = [...there].filter(([path, file]) => this.#isReady(path, file, at))
    this.#seen = there
    return ready.map(([, { file, size }]) => ({ at, file, size }))
  }

  #isReady(path: string, { size, mtime }: ShownFile, at: number): boolean {
    const [before, wait] = [this.#seen.get(path), this.#waiting.get(path)]
    const isChanged = before?.size !== size || before.mtime !== mtime
    if (wait === undefined ? isChanged : wait.size !== size) this.#waiting.set(path, { size, since: at })
    else if (wait !== undefined && at - wait.since >= stabilityMs) return this.#waiting.delete(path)
    return false
  }
}

function byPath(files: ReadonlyMap<string, ShownFile>): Map<string, ShownFile> {
  const watched = [...files.values()].filter(({ path }) => isWatched(path) && !isLeftOut(path))
  return new Map(watched.map((file) => [file.path, file]))
}
