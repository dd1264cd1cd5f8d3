import { resolve } from 'node:path'
import type { ClaimedDelivery, Outcome } from '../../core/delivery.ts'
import type { Target } from '../../core/target.ts'
import { formats } from '../../formats/registry.ts'
import { defineTarget, type TargetDeps } from '../define.ts'
import { eventEnvironment } from './environment.ts'
import { type ExecOptions, execOptions } from './options.ts'
import { type Ended, runCommand } from './run.ts'

/** Runs a command for each event. */
export const exec = defineTarget({ type: 'exec', options: execOptions, create: (given, deps) => new Exec(given, deps) })

/** The command itself cannot be run: it is about the target. */
const cannotRun: ReadonlySet<string> = new Set(['ENOENT', 'EACCES', 'ENOTDIR', 'ENOEXEC', 'EPERM'])

class Exec implements Target {
  readonly #options: ExecOptions
  readonly #deps: TargetDeps
  readonly #given: () => Readonly<Record<string, string>>

  constructor(given: ExecOptions, deps: TargetDeps) {
    this.#options = given
    this.#deps = deps
    this.#given = givenEnvironment(given, deps)
  }

  async deliver(delivery: ClaimedDelivery, signal: AbortSignal): Promise<Outcome> {
    const { command, workingFolder, format } = this.#options
    const { clock, log, timeoutMs } = this.#deps
    const folder = resolve(workingFolder)
    const { body } = formats[format](delivery.event)
    try {
      const environment = { ...this.#given(), ...eventEnvironment(delivery, body, folder) }
      const onLine = (line: string) => log.debug({ delivery: delivery.id, line }, 'the command says')
      const input = { command, folder, environment, stdin: body, timeoutMs, clock, onLine }
      return this.#outcomeOf(await runCommand(input, signal))
    } catch (error) {
      signal.throwIfAborted()
      return outcomeOfStart(error)
    }
  }

  async close(): Promise<void> {}

  #outcomeOf({ code, signal, output, timedOut }: Ended): Outcome {
    const answer = { status: code ?? -1, body: output }
    if (timedOut) return { kind: 'retry', reason: 'the command did not end in time', answer }
    if (code === 0) return { kind: 'delivered', answer }
    const reason = code === null ? `the command was ended by ${signal}` : `the command ended with exit code ${code}`
    const isFinal = code !== null && this.#options.rejectExitCodes.includes(code)
    return { kind: isFinal ? 'rejected' : 'retry', reason, answer }
  }
}

function outcomeOfStart(error: unknown): Outcome {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (cannotRun.has(code)) return { kind: 'unavailable', reason: `the command cannot be run (${code})` }
  // A machine without processes or memory to spare may have some later; a variable that is too long will always be.
  if (code === 'E2BIG') return { kind: 'rejected', reason: 'the event is too long for the environment of a command' }
  if (code === 'ERR_INVALID_ARG_VALUE')
    return { kind: 'rejected', reason: 'the event holds a NUL, which no variable can' }
  if (code === '') throw error
  return { kind: 'retry', reason: `the command could not be started (${code})` }
}

/** What the configuration gives every run; secrets are asked for anew at each. */
function givenEnvironment(given: ExecOptions, deps: TargetDeps): () => Readonly<Record<string, string>> {
  const inherited = given.inheritEnvironment.flatMap((name) => {
    const value = deps.variable?.(name)
    return value === undefined ? [] : [[name, value] as const]
  })
  const own = Object.entries(given.environment).map(([name, value]) => {
    const secret = typeof value === 'string' ? null : deps.secret(value)
    return () => [name, secret === null ? String(value) : secret.get().reveal()] as const
  })
  return () => Object.fromEntries([...inherited, ...own.map((read) => read())])
}
