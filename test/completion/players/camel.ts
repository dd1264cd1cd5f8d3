import { endOf, isDown, type ShownFile, ShownFiles } from '../shown-files.ts'
import type { Trace } from '../trace.ts'
import { type Fire, isLeftOut, isWatched, type Player } from './player.ts'

const delayMs = 500
const checkMs = 1_000
const timeoutMs = 10_000

/**
 * Camel's file consumer with `readLock=changed` (its component page, and `FileChangedExclusiveReadLockStrategy`): the lock is granted when length and mtime are the
 * same in two checks, `readLockCheckInterval` 1000 apart, the length is at least `readLockMinLength` 1 and `readLockMinAge` is 0; after `readLockTimeout`
 * 10000 the file waits for the next poll, `delay` 500 later. One file after the other. `noop=true`, and `idempotentKey` of name, size and mtime, so that
 * overwritten files are seen; the default repository is in memory. `exclude` leaves out temporary names and markers.
 */
export const camel: Player = {
  name: 'Camel readLock=changed',
  play: async (trace) => {
    const consumer = new Consumer(trace)
    while (consumer.now <= endOf(trace) + 60_000) consumer.poll()
    return consumer.fires
  },
}

class Consumer {
  now = 0
  readonly fires: Fire[] = []
  readonly #trace: Trace
  readonly #files: ShownFiles
  #done = new Set<string>()

  constructor(trace: Trace) {
    this.#trace = trace
    this.#files = new ShownFiles(trace)
  }

  poll(): void {
    const there = [...this.#files.at(this.now).values()].filter(({ path }) => isWatched(path) && !isLeftOut(path))
    if (isDown(this.#trace, this.now)) this.#done = new Set()
    else for (const file of there) if (!this.#done.has(keyOf(file))) this.#consume(file)
    this.now += delayMs
  }

  #consume(listed: ShownFile): void {
    const began = this.now
    let last: ShownFile | undefined
    while (this.now - began <= timeoutMs) {
      const now = this.#files.at(this.now).get(listed.file)
      if (now === undefined || isDown(this.#trace, this.now)) return
      if (now.size === last?.size && now.mtime === last.mtime && now.size >= 1) {
        this.#done.add(keyOf(now))
        this.fires.push({ at: this.now, file: now.file, size: now.size })
        return
      }
      last = now
      this.now += checkMs
    }
  }
}

/** In its favour it is taken when the lock is granted: taken when the poll lists the file, each file that has grown since would come twice. */
function keyOf({ path, size, mtime }: ShownFile): string {
  return `${path} ${size} ${mtime}`
}
