import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

/** Milliseconds since the epoch, finer than `Date`; the same in every process of a machine. */
export const preciseNow = () => performance.timeOrigin + performance.now()

/** A program of this folder in a process of its own, so that what is measured shares its event loop with nothing else. */
async function start<Hello>(file: string, args: readonly string[] = []) {
  const url = new URL(file, import.meta.url)
  const child = fork(url, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  // The programs greet with what their callers name.
  const [hello] = (await once(child, 'message')) as [Hello]
  return { child, hello }
}

/** A receiver that takes everything and knows when it came. */
export class Sink {
  readonly url: string
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, url: string) {
    this.#child = child
    this.url = url
  }

  static async start(): Promise<Sink> {
    const { child, hello } = await start<{ url: string }>('./sink.ts')
    return new Sink(child, hello.url)
  }

  async count(): Promise<number> {
    this.#child.send('count')
    const [{ count }] = (await once(this.#child, 'message')) as [{ count: number }]
    return count
  }

  /** When each delivery came first, by `webhook-id`. */
  async times(): Promise<ReadonlyMap<string, number>> {
    this.#child.send('times')
    const [{ times }] = (await once(this.#child, 'message')) as [{ times: [string, number][] }]
    return new Map(times)
  }

  close(): void {
    this.#child.disconnect()
  }
}

/** A simulated provider on which files finish on a timetable. */
export class Provider {
  readonly url: string
  readonly token: string
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, { url, token }: { readonly url: string; readonly token: string }) {
    this.#child = child
    this.url = url
    this.token = token
  }

  static async start(): Promise<Provider> {
    const { child, hello } = await start<{ url: string; token: string }>('./provider.ts')
    return new Provider(child, hello)
  }

  /** Makes `count` files below `in`, that many a second, `perDirectory` in each directory; resolves when all are there. */
  async upload(count: number, perSecond: number, perDirectory: number): Promise<void> {
    this.#child.send({ count, perSecond, perDirectory })
    await once(this.#child, 'message')
  }

  close(): void {
    this.#child.disconnect()
  }
}

/** A process that delivers what a PostgreSQL store owes to a receiver, from its start on. */
export class Deliverer {
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  /** Resolves when it is ready; it begins with `go`. */
  static async start(databaseUrl: string, sinkUrl: string): Promise<Deliverer> {
    const { child } = await start<object>('./deliverer.ts', [databaseUrl, sinkUrl])
    return new Deliverer(child)
  }

  go(): void {
    this.#child.send('go')
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, 'exit')
    this.#child.disconnect()
    await ended
  }
}

/** Sorted numbers as the line of percentiles that all benchmarks print. */
export function percentiles(numbers: readonly number[]): string {
  const sorted = numbers.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)]?.toFixed(1)
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, p99.9 ${at(0.999)} ms, worst ${at(1)} ms`
}
