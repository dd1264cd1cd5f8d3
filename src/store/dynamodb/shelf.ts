import { type Key, nameKey, openPartition } from './keys.ts'

/** What is written at a key. Values are JSON: it keeps any string, well-formed or not. */
export interface Row extends Key {
  readonly data: string
  /** When DynamoDB may delete it, seconds since the epoch. */
  readonly ttl?: number
}

/** One write. */
export type Op = { readonly kind: 'put'; readonly row: Row } | { readonly kind: 'delete'; readonly key: Key }

interface Kept<T> {
  readonly value: T
  readonly data: string
  /** Of the write that it is from. */
  readonly version: number
}

/** All things of one kind in the open partition, by name. Changing it gives the writes; what they do shows here once they are durable. */
export class Shelf<T> {
  readonly #prefix: string
  readonly #kept = new Map<string, Kept<T>>()
  readonly #decode: (data: string) => T
  readonly #encode: (value: T) => string

  constructor(prefix: string, encode: (value: T) => string, decode: (data: string) => T) {
    this.#prefix = prefix
    this.#encode = encode
    this.#decode = decode
  }

  get(name: string): T | undefined {
    return this.#kept.get(this.#sk(name))?.value
  }

  values(): readonly T[] {
    return [...this.#kept.values()].map(({ value }) => value)
  }

  /** None where it stands there as it is. */
  put(name: string, value: T): readonly Op[] {
    const [sk, data] = [this.#sk(name), this.#encode(value)]
    return this.#kept.get(sk)?.data === data ? [] : [{ kind: 'put', row: { pk: openPartition, sk, data } }]
  }

  drop(name: string): readonly Op[] {
    const sk = this.#sk(name)
    return this.#kept.has(sk) ? [{ kind: 'delete', key: { pk: openPartition, sk } }] : []
  }

  /** Whether rows with this sort key belong here. */
  holds(sk: string): boolean {
    return sk.startsWith(this.#prefix)
  }

  /** The write that a row is from; null = there is none. */
  versionOf(sk: string): number | null {
    return this.#kept.get(sk)?.version ?? null
  }

  take(sk: string, data: string, version: number): void {
    this.#kept.set(sk, { value: this.#decode(data), data, version })
  }

  forget(sk: string): void {
    this.#kept.delete(sk)
  }

  clear(): void {
    this.#kept.clear()
  }

  #sk(name: string): string {
    return this.#prefix + nameKey(name)
  }
}
