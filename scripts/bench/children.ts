import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { SimulatorDelays } from '../../src/simulator/simulator.ts'
import type { ProviderQuestion } from './provider.ts'

/** Milliseconds since the epoch, finer than `Date`; the same in every process of a machine. */
export const preciseNow = () => performance.timeOrigin + performance.now()

/** A program of this folder in a process of its own, so that what is measured shares its event loop with nothing else. */
async function start<Hello>(file: string, args: readonly string[] = [], execArgv: readonly string[] = []) {
  const url = new URL(file, import.meta.url)
  const child = fork(url, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], execArgv: [...execArgv] })
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

  /** Forgets what came. */
  async clear(): Promise<void> {
    this.#child.send('clear')
    await once(this.#child, 'message')
  }

  /** When the first delivery came; null = none has. */
  async first(): Promise<number | null> {
    this.#child.send('first')
    const [{ first }] = (await once(this.#child, 'message')) as [{ first: number | null }]
    return first
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

  static async start(delays: Partial<SimulatorDelays> = {}): Promise<Provider> {
    // A million files take 3 GB there.
    const execArgv = ['--max-old-space-size=8192']
    const { child, hello } = await start<{ url: string; token: string }>(
      './provider.ts',
      [JSON.stringify(delays)],
      execArgv,
    )
    return new Provider(child, hello)
  }

  /** Makes `count` files below `in`, that many a second, `perDirectory` in each directory; resolves when all are there. */
  async upload(count: number, perSecond: number, perDirectory: number): Promise<void> {
    await this.#ask({ kind: 'upload', count, perSecond, perDirectory })
  }

  /** Makes files below `in` at once, spread over so many directories. */
  async fill(files: number, directories: number): Promise<void> {
    await this.#ask({ kind: 'fill', files, directories })
  }

  /** What it was asked since the last time, by route. */
  async requests(): Promise<ReadonlyMap<string, number>> {
    return new Map((await this.#ask({ kind: 'requests' })) as [string, number][])
  }

  /** When the first request came since `requests`; null = none has. */
  async firstRequest(): Promise<number | null> {
    return (await this.#ask({ kind: 'firstRequest' })) as number | null
  }

  /** When the streams had first told of each uploaded file, by its path inside the space. */
  async told(): Promise<ReadonlyMap<string, number>> {
    return new Map((await this.#ask({ kind: 'told' })) as [string, number][])
  }

  /** One question at a time. */
  async #ask(question: ProviderQuestion): Promise<unknown> {
    const answered = once(this.#child, 'message')
    this.#child.send(question)
    const [answer] = await answered
    return answer
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

/** Numbers as the line of percentiles that all benchmarks print. */
export function percentiles(numbers: readonly number[]): string {
  if (numbers.length === 0) return 'none'
  const sorted = numbers.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)]?.toFixed(1)
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, p99.9 ${at(0.999)} ms, worst ${at(1)} ms`
}
