import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { preciseNow } from './children.ts'

/** One line of the log. */
export interface LogLine {
  readonly msg: string
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly [field: string]: unknown
}

export interface Setup {
  readonly config: object
  readonly env?: Readonly<Record<string, string>>
  /** More words for Node, as `--cpu-prof`; beside them what BENCH_NODE_OPTIONS holds. */
  readonly nodeOptions?: readonly string[]
}

/** USER_HZ: on Linux always this for those who look from outside. */
const ticksPerSecond = 100
const program = new URL('../../bin/onetrigger.mjs', import.meta.url)

/**
 * OneTrigger as a user runs it, in a process of its own, seen from outside by its log and by `/proc` (so Linux only). It runs what `npm run build`
 * made where `ONETRIGGER_BENCH_PROGRAM` names that, else the source.
 */
export class MeasuredProcess {
  readonly startedAt = preciseNow()
  readonly #child: ChildProcess
  readonly #folder: string
  readonly #ended: Promise<unknown>
  readonly #lines: LogLine[] = []
  #wake: () => void = () => {}

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child
    this.#folder = folder
    this.#ended = once(child, 'close')
    if (child.stderr === null) throw new Error('the child has no standard error')
    createInterface({ input: child.stderr }).on('line', (line) => {
      this.#lines.push(parse(line))
      this.#wake()
    })
    void this.#ended.then(() => this.#wake())
  }

  static start({ config, env = {}, nodeOptions = [] }: Setup): MeasuredProcess {
    const folder = mkdtempSync(join(tmpdir(), 'onetrigger-bench-'))
    const file = join(folder, 'onetrigger.yaml')
    // JSON is YAML.
    writeFileSync(file, JSON.stringify(config))
    const path = process.env.ONETRIGGER_BENCH_PROGRAM ?? program.pathname
    const extra = (process.env.BENCH_NODE_OPTIONS ?? '').split(' ').filter((word) => word !== '')
    const child = spawn(process.execPath, [...nodeOptions, ...extra, path, 'run', '--config', file], {
      env: { PATH: process.env.PATH, HOME: folder, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    return new MeasuredProcess(child, folder)
  }

  /** Resolves with the line that holds the text, once it has been said so often. Rejects when the process ends before. */
  async said(text: string, times = 1): Promise<LogLine> {
    for (;;) {
      const line = this.#lines.filter(({ msg }) => msg.includes(text))[times - 1]
      if (line !== undefined) return line
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        const last = this.#lines.slice(-5).map(({ msg }) => msg)
        throw new Error(`OneTrigger ended before it said "${text}":\n${last.join('\n')}`)
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** Megabytes (10^6 bytes) of memory at this moment. */
  residentMb(): number {
    return this.#status('VmRSS')
  }

  /** The most there ever were. */
  peakMb(): number {
    return this.#status('VmHWM')
  }

  /** Seconds of processor since the start. */
  cpuSeconds(): number {
    const stat = readFileSync(`/proc/${this.#child.pid}/stat`, 'utf8')
    // Behind the name, which may hold anything; utime and stime are fields 14 and 15.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.#child.kill(signal)
    await this.#ended
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #status(field: string): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8')
    const kib = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]
    if (kib === undefined) throw new Error(`/proc does not tell ${field}`)
    return (Number(kib) * 1_024) / 1_000_000
  }
}

function parse(line: string): LogLine {
  try {
    // What pino wrote.
    const { time, ...fields } = JSON.parse(line) as { readonly msg: string; readonly time: string }
    return { ...fields, time: Date.parse(time) }
  } catch {
    return { msg: line, time: Date.now() }
  }
}

/** A configuration with one trigger on `in` and one target, with whatever is to be different. */
export function configFor(parts: {
  readonly provider: { readonly url: string }
  readonly sinkUrl: string
  readonly storePath: string
  readonly source?: object
  readonly trigger?: object
  readonly triggers?: object
  readonly targets?: object
  readonly existing?: string
}): object {
  const { provider, sinkUrl, storePath, source = {}, trigger = {} } = parts
  const watch = { source: 'onedata', space: 'Gamma', folder: 'in' }
  return {
    sources: { onedata: { type: 'onedata', host: provider.url, token: { env: 'ONEDATA_ACCESS_TOKEN' }, ...source } },
    triggers: parts.triggers ?? { default: { watch, deliver: ['hook'], ...trigger } },
    targets: parts.targets ?? {
      hook: { type: 'webhook', url: sinkUrl, secret: { env: 'HOOK_SECRET' }, concurrency: 64 },
    },
    store: { type: 'sqlite', path: storePath },
    http: { listen: '127.0.0.1:0' },
    log: { format: 'json' },
  }
}

/** Secrets of `configFor`. */
export function environmentFor(provider: { readonly token: string }): Readonly<Record<string, string>> {
  return { ONEDATA_ACCESS_TOKEN: provider.token, HOOK_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' }
}
