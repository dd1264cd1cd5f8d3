import type { Random } from '../../../src/lib/random.ts'
import type { Shown, Told } from '../trace.ts'
import type { Provider } from './stage.ts'

/*
 * What a provider's stream tells of what it shows, as the simulator knows it: a new file, a new name and a deletion at once; a changed
 * size at once after a pause, then at most every `sizeHoldMs`; changed times together every `timesHoldMs`. What is held back is told with the
 * value it has by then. Everything comes up to a second and a half later, for the stream looks at its database once a second.
 */
export function tellings(shown: readonly Shown[], provider: Provider, random: Random): readonly Told[] {
  const files = [...new Set(shown.map(({ file }) => file))]
  const all = files.flatMap((file) =>
    ofOneFile(
      shown.filter((each) => each.file === file),
      provider,
      random,
    ),
  )
  return all.toSorted((a, b) => a.at - b.at)
}

function ofOneFile(shown: readonly Shown[], provider: Provider, random: Random): Told[] {
  const teller = new Teller(shown, provider)
  for (const each of shown) teller.see(each)
  const told = teller.told.map((each) => ({ ...each, at: each.at + 300 + Math.floor(random() * 1_200) }))
  return told.filter(isNotAfterItsEnd(shown))
}

/** What is told of one file. */
class Teller {
  readonly told: Told[] = []
  readonly #shown: readonly Shown[]
  readonly #provider: Provider
  #sizeAt = Number.NEGATIVE_INFINITY
  #timesAt = Number.NEGATIVE_INFINITY
  #isThere = false

  constructor(shown: readonly Shown[], provider: Provider) {
    this.#shown = shown
    this.#provider = provider
  }

  see({ at, file, path, size, mtime, ctime, localRate, gone }: Shown): void {
    if (gone) {
      this.#isThere = false
      this.told.push({ at, file, gone })
    } else if (!this.#isThere || path !== undefined) {
      this.#isThere = true
      this.#sizeAt = at
      this.#tell(at, file, ['path', 'size', 'mtime', 'ctime', 'localRate'])
    } else {
      if (size !== undefined || localRate !== undefined) this.#tellSize(at, file)
      if (mtime !== undefined || ctime !== undefined) this.#tellTimes(at, file)
    }
  }

  #tellSize(at: number, file: string): void {
    // What comes before that is told with it.
    if (this.#sizeAt > at) return
    this.#sizeAt = Math.max(at, this.#sizeAt + this.#provider.sizeHoldMs)
    this.#tell(this.#sizeAt, file, ['size', 'localRate'])
  }

  #tellTimes(at: number, file: string): void {
    if (this.#timesAt > at) return
    const { timesHoldMs } = this.#provider
    this.#timesAt = timesHoldMs === 0 ? at : Math.ceil((at + 1) / timesHoldMs) * timesHoldMs
    this.#tell(this.#timesAt, file, ['mtime', 'ctime'])
  }

  #tell(at: number, file: string, keys: readonly Key[]): void {
    this.told.push({ at, file, ...valuesAt(this.#shown, at, keys) })
  }
}

type Key = 'path' | 'size' | 'mtime' | 'ctime' | 'localRate'

function valuesAt(shown: readonly Shown[], at: number, keys: readonly Key[]): Omit<Told, 'at' | 'file'> {
  const last = shown.filter((each) => each.at <= at)
  const values = keys.flatMap((key) => {
    const value = last.findLast((each) => each[key] !== undefined)?.[key]
    return value === undefined ? [] : [[key, value]]
  })
  return Object.fromEntries(values)
}

/** Nothing is told of a deleted file any more but its deletion. */
function isNotAfterItsEnd(shown: readonly Shown[]): (told: Told) => boolean {
  return ({ at, gone }) => {
    const last = shown.findLast((each) => each.at <= at)
    return gone === true || last?.gone === undefined
  }
}
