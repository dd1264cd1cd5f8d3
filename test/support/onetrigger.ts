import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'
import { waitFor } from './wait-for.ts'

const main = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts')

/** OneTrigger's command line as a child process. */
export interface OneTriggerProcess {
  readonly child: ChildProcess
  /** Lines so far, one JSON object each where logs are JSON. */
  readonly stderr: readonly string[]
  readonly stdout: readonly string[]
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>
  kill(signal: NodeJS.Signals): Promise<number | NodeJS.Signals>
}

/** The environment of a child: nothing of ours that configures OneTrigger leaks in. */
function cleanEnvironment(extra: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(ONE|XDG_|K_)/.test(name))
  return { ...Object.fromEntries(inherited), ...extra }
}

/** Starts `onetrigger ...args` from the source, behind the words of `before`. The caller sees to its end; tests use `runOneTrigger`. */
export function spawnOneTrigger(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  before: readonly string[] = [],
): OneTriggerProcess {
  return spawnProgram(main, args, env, before)
}

/** As `spawnOneTrigger`, for another program than its own. */
export function spawnProgram(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  before: readonly string[] = [],
): OneTriggerProcess {
  const [command = process.execPath, ...rest] = [...before, process.execPath, program, ...args]
  const child = spawn(command, rest, {
    env: cleanEnvironment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const stderr: string[] = []
  const stdout: string[] = []
  createInterface({ input: child.stderr }).on('line', (line) => stderr.push(line))
  createInterface({ input: child.stdout }).on('line', (line) => stdout.push(line))
  // `close` comes after the last line has been read, `exit` may not.
  const ended = once(child, 'close').then(([code, signal]) => code ?? signal)
  return {
    child,
    stderr,
    stdout,
    ended,
    kill: (signal) => {
      child.kill(signal)
      return ended
    },
  }
}

/** Waits for a line of standard error that holds the text, from the `from`th on; gives it. Fails at once when the process has ended without it. */
export async function said(process: OneTriggerProcess, text: string, from = 0, timeoutMs = 15_000): Promise<string> {
  const find = () => process.stderr.slice(from).find((line) => line.includes(text))
  return waitFor(
    `"${text}" is said`,
    () => {
      const line = find()
      if (line === undefined && hasEnded(process)) throw new Error(`it ended:\n${process.stderr.join('\n')}`)
      return line
    },
    timeoutMs,
  )
}

function hasEnded({ child }: OneTriggerProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

/** As `spawnOneTrigger`, and killed when the running test has finished. */
export function runOneTrigger(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  before: readonly string[] = [],
): OneTriggerProcess {
  const process = spawnOneTrigger(args, env, before)
  onTestFinished(async () => {
    await process.kill('SIGKILL')
  })
  return process
}
