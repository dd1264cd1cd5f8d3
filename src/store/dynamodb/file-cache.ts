import type { FileState } from '../../core/file-state.ts'
import { compareKeys } from './keys.ts'

/** A state that is decided upon, with the time it was written. */
export interface KnownFile {
  readonly state: FileState
  readonly at: number
}

/** Files of one trigger by sort key. */
export class FileCache {
  readonly #files = new Map<string, KnownFile>()
  /** All keys as DynamoDB orders them; null = to be worked out. */
  #order: readonly string[] | null = null

  get size(): number {
    return this.#files.size
  }

  get(sk: string): FileState | undefined {
    return this.#files.get(sk)?.state
  }

  set(sk: string, file: KnownFile): void {
    if (!this.#files.has(sk)) this.#order = null
    this.#files.set(sk, file)
  }

  delete(sk: string): void {
    if (this.#files.delete(sk)) this.#order = null
  }

  states(): readonly FileState[] {
    return [...this.#files.values()].map(({ state }) => state)
  }

  /** In the order of sort keys, behind one. */
  *behind(sk: string | null): Generator<FileState> {
    this.#order ??= inOrder([...this.#files.keys()])
    for (let index = sk === null ? 0 : firstBehind(this.#order, sk); index < this.#order.length; index++) {
      const state = this.get(this.#order[index] ?? '')
      if (state !== undefined) yield state
    }
  }
}

function inOrder(keys: readonly string[]): readonly string[] {
  return keys
    .map((key) => ({ key, bytes: Buffer.from(key) }))
    .sort((a, b) => Buffer.compare(a.bytes, b.bytes))
    .map(({ key }) => key)
}

function firstBehind(order: readonly string[], sk: string): number {
  let [low, high] = [0, order.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareKeys(order[middle] ?? '', sk) > 0) high = middle
    else low = middle + 1
  }
  return low
}
