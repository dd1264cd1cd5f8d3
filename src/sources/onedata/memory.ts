import type { SourceDeps } from '../define.ts'

/** For so long is remembered who a provider is, which space is meant, how it can be watched: whatever fails forgets it at once. */
export const identityMs = 3_600_000
/** For so long, what lies at a path: a folder may be moved away and another one made in its place. */
export const pathMs = 600_000

/**
 * What a source learnt in earlier runs of this process, where one run follows the other (the scheduled function). It spares requests and decides nothing that
 * could lose a file.
 */
export class Memory {
  readonly #now: () => number
  readonly #known = new Map<string, { readonly at: number; readonly value: unknown }>()
  /** Where listings of everything left off, by what was listed. */
  readonly listings = new Map<string, { readonly at: number; readonly directories: ReadonlySet<string> }>()

  constructor(now: () => number) {
    this.#now = now
  }

  /** What `ask` said at most `maxAgeMs` ago, or says now. A refusal (`keep` says no) is asked about again. */
  async recall<T>(
    key: readonly string[],
    maxAgeMs: number,
    ask: () => Promise<T>,
    keep: (value: T) => boolean = () => true,
  ): Promise<T> {
    const id = JSON.stringify(key)
    const known = this.#known.get(id)
    // Each key belongs to one kind of question.
    if (known !== undefined && this.#now() - known.at < maxAgeMs) return known.value as T
    const value = await ask()
    if (keep(value)) this.#known.set(id, { at: this.#now(), value })
    return value
  }

  /** Gives whether it was known. */
  forget(key: readonly string[]): boolean {
    return this.#known.delete(JSON.stringify(key))
  }

  forgetAll(): void {
    this.#known.clear()
    this.listings.clear()
  }
}

const memories = new WeakMap<object, Memory>()

/** The memory of a source whose runs follow each other; null where there is one run only. */
export function memoryOf({ warm, clock }: Pick<SourceDeps, 'warm' | 'clock'>): Memory | null {
  if (warm === undefined) return null
  const known = memories.get(warm)
  if (known !== undefined) return known
  const memory = new Memory(() => clock.now())
  memories.set(warm, memory)
  return memory
}

/** Answers from memory where there is one. */
export function recall<T>(
  deps: Pick<SourceDeps, 'warm' | 'clock'>,
  key: readonly string[],
  maxAgeMs: number,
  ask: () => Promise<T>,
  keep?: (value: T) => boolean,
): Promise<T> {
  const memory = memoryOf(deps)
  return memory === null ? ask() : memory.recall(key, maxAgeMs, ask, keep)
}
