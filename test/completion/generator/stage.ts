import type { Random } from '../../../src/lib/random.ts'
import type { Proof, Revision, Shown, Told, Trace } from '../trace.ts'
import { tellings } from './tellings.ts'

/** How the provider behaves. */
export interface Provider {
  /** A changed size is told at most this often, milliseconds. */
  readonly sizeHoldMs: number
  /** Changed times are told together, this often; 0 = at once. */
  readonly timesHoldMs: number
  /** Its clock is ahead of ours by this, milliseconds. */
  readonly skewMs: number
  /** Another provider is watched, which shows and tells everything this much later; 0 = the file's own is watched. */
  readonly lagMs: number
}

type Facts = Omit<Shown, 'at' | 'file'>

/** Records what an uploader does, and makes a trace of it: what the provider shows and tells, and what is true. */
export class Stage {
  readonly provider: Provider
  readonly #random: Random
  readonly #shown: Shown[] = []
  readonly #truth: Revision[] = []
  readonly #down: (readonly [number, number])[] = []
  #isLost: (told: Told) => boolean = () => false

  constructor(random: Random, provider: Partial<Provider> = {}) {
    this.#random = random
    const sizeHoldMs = random() < 0.5 ? 3_000 : 10_000
    const timesHoldMs = random() < 0.5 ? 0 : 8_000
    this.provider = { sizeHoldMs, timesHoldMs, skewMs: 0, lagMs: 0, ...provider }
  }

  /** A number around `value`, at most a tenth off, whole. */
  about(value: number): number {
    return Math.round(value * (0.9 + 0.2 * this.#random()))
  }

  /** The provider's second at a time of ours. */
  second(at: number): number {
    return Math.floor((at + this.provider.skewMs) / 1_000)
  }

  create(at: number, file: string, path: string, facts: Facts = {}): this {
    return this.change(at, file, { path, size: 0, mtime: this.second(at), ctime: this.second(at), ...facts })
  }

  /** Bytes arrive. */
  write(at: number, file: string, size: number, facts: Facts = {}): this {
    return this.change(at, file, { size, mtime: this.second(at), ctime: this.second(at), ...facts })
  }

  /** Anything else that shows in the file's attributes. */
  change(at: number, file: string, facts: Facts): this {
    this.#shown.push({ at: at + this.provider.lagMs, file, ctime: this.second(at), ...facts })
    return this
  }

  rename(at: number, file: string, path: string): this {
    return this.change(at, file, { path })
  }

  remove(at: number, file: string): this {
    this.#shown.push({ at: at + this.provider.lagMs, file, gone: true })
    return this
  }

  /** A file that grows in steps; gives the time of the last one. */
  grow(at: number, file: string, gapsMs: readonly number[], stepBytes = 1_000_000, from = 0): number {
    let [time, size] = [at, from]
    for (const gap of gapsMs) {
      time += gap
      size += stepBytes
      this.write(time, file, size)
    }
    return time
  }

  /** The revision is whole from `from` on. */
  whole(revision: Revision): this {
    const { lagMs } = this.provider
    const { from, due, until } = revision
    const late = { from: from + lagMs, due: due + lagMs, until: until === null ? null : until + lagMs }
    this.#truth.push({ ...revision, ...late })
    return this
  }

  down(from: number, until: number): this {
    this.#down.push([from, until])
    return this
  }

  /** The stream loses these. */
  lose(isLost: (told: Told) => boolean): this {
    this.#isLost = isLost
    return this
  }

  trace(name: string, mode: string, evidence: Proof, completion: Trace['completion'] = {}): Trace {
    const shown = this.#shown.toSorted((a, b) => a.at - b.at)
    return {
      name,
      mode,
      evidence,
      provider: this.provider.lagMs > 0 ? 'replica' : 'origin',
      completion,
      shown,
      told: tellings(shown, this.provider, this.#random)
        .filter((told) => !this.#isLost(told))
        .map((told) => withoutUnasked(told, completion)),
      down: this.#down,
      truth: this.#truth,
    }
  }
}

/** Streams are asked for ctime only where an extended attribute matters. */
function withoutUnasked({ ctime, ...told }: Told, { xattr, declaredSize }: Trace['completion']): Told {
  const isAsked = xattr !== undefined || declaredSize !== undefined
  return isAsked && ctime !== undefined ? { ...told, ctime } : told
}
