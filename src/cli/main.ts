import { homedir } from 'node:os'
import { CommanderError } from 'commander'
import { tokenVariable } from '../config/settings.ts'
import { UsageError } from '../core/errors.ts'
import { packageVersion } from '../observability/package-version.ts'
import { describeFailure } from './failure.ts'
import type { Io } from './io.ts'
import { runProgram } from './program.ts'

const io: Io = {
  env: process.env,
  home: home(),
  isTerminal: process.stderr.isTTY === true,
  keepToken: (token) => {
    process.env[tokenVariable] = token
  },
  print: (line) => {
    process.stdout.write(`${line}\n`)
  },
  writeError: (text) => {
    process.stderr.write(text)
  },
  untilSignal,
}

// Node would print a failure with all fields of the error, and those of an HTTP client hold the token.
process.on('uncaughtException', fail)
// Output that cannot be written (a full disk, a reader that has gone) is a failure like any other, without Node's stack.
process.stdout.on('error', () => process.exit(1))

// Exit codes are made here and nowhere else.
try {
  process.exitCode = await runProgram(process.argv.slice(2), packageVersion(), io)
} catch (error) {
  fail(error)
}

function fail(error: unknown): void {
  const code = exitCode(error)
  const lines = describeFailure(error)
  const text = lines.map((line) => `${line}\n`).join('')
  // What is still open (a store, a connection) must not keep a process that has failed.
  process.stderr.write(text, () => process.exit(code))
}

/** Help and version end in an error of commander's too, with exit code 0; all others of its errors are about usage. */
function exitCode(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  return error instanceof UsageError ? 2 : 1
}

/** A user that the system does not know, without HOME, has none (systemd's DynamicUser): then the store needs a path, or XDG_STATE_HOME. */
function home(): string {
  try {
    return homedir()
  } catch {
    return '/'
  }
}

function untilSignal(): AbortSignal {
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort())
  return stop.signal
}
