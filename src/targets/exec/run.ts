import { type ChildProcess, spawn } from 'node:child_process'
import type { Clock } from '../../lib/clock.ts'
import { onAbort } from '../../lib/on-abort.ts'

/** A command that ended. */
export interface Ended {
  /** Exit code; null where a signal ended it. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** The end of what it printed, standard output and error together, at most `mostOutputBytes`. */
  readonly output: string
  readonly timedOut: boolean
}

export interface RunInput {
  readonly command: readonly string[]
  readonly folder: string
  readonly environment: Readonly<Record<string, string>>
  readonly stdin: string
  readonly timeoutMs: number
  readonly clock: Clock
  /** Each line that it prints, cut at 8 KiB. */
  readonly onLine: (line: string) => void
}

const mostOutputBytes = 1_024
const mostLineLength = 8_192
/** Between asking a command to end and ending it. */
const graceMs = 5_000

/**
 * Runs a command in a process group of its own, so that whatever it starts ends with it. Past the time-out, or when the signal aborts, the group gets
 * SIGTERM and five seconds later SIGKILL. Rejects with the system's error where the command cannot be started, and with the signal's reason on abort,
 * at once: the command is seen to its end behind it.
 */
export function runCommand(input: RunInput, signal: AbortSignal): Promise<Ended> {
  signal.throwIfAborted()
  const [program = '', ...args] = input.command
  const child = spawn(program, args, {
    cwd: input.folder,
    env: input.environment,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const output = collect(child, input.onLine)
  // A command need not read its input.
  child.stdin?.on('error', () => {})
  child.stdin?.end(input.stdin)
  return new Promise((resolve, reject) => {
    let timedOut = false
    let cancelKill = () => {}
    const end = () => {
      killGroup(child, 'SIGTERM')
      cancelKill = input.clock.timer(graceMs, () => killGroup(child, 'SIGKILL'))
    }
    const cancelTimeout = input.clock.timer(input.timeoutMs, () => {
      timedOut = true
      end()
    })
    const cancelAbort = onAbort(signal, () => {
      end()
      reject(signal.reason)
    })
    let cancelHold = () => {}
    const tidy = () => {
      cancelHold()
      cancelTimeout()
      cancelKill()
      cancelAbort()
    }
    child.once('error', (error) => {
      tidy()
      reject(error)
    })
    // What it left running ends with it, and so does the output that this would hold open.
    child.once('exit', () => {
      killGroup(child, 'SIGKILL')
      // What made itself a group of its own may hold it open all the same, for as long as it likes.
      cancelHold = input.clock.timer(graceMs, () => {
        child.stdout?.destroy()
        child.stderr?.destroy()
      })
    })
    child.once('close', (code, ended) => {
      tidy()
      resolve({ code, signal: ended, output: output(), timedOut })
    })
  })
}

function killGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // It has ended already.
  }
}

/** Gives the end of what was printed so far. */
function collect(child: ChildProcess, onLine: (line: string) => void): () => string {
  let tail = Buffer.alloc(0)
  for (const stream of [child.stdout, child.stderr]) {
    let line = ''
    stream?.on('data', (chunk: Buffer) => {
      tail = Buffer.concat([tail, chunk]).subarray(-mostOutputBytes)
      const lines = (line + chunk.toString('utf8')).split('\n')
      line = (lines.pop() ?? '').slice(0, mostLineLength)
      for (const each of lines) onLine(each.slice(0, mostLineLength))
    })
    stream?.on('end', () => {
      if (line !== '') onLine(line)
    })
  }
  // A character that was cut in two must not make it longer.
  return () => tail.toString('utf8').replace(/^\ufffd{1,3}/, '')
}
