import { CommanderError } from 'commander'
import { ConfigError, OneTriggerError, UsageError } from '../core/errors.ts'
import { printable } from './printable.ts'

/** What 1.0.4 said, so that scripts and people that look for it still find it. */
const words104: Readonly<Record<string, (message: string) => string>> = {
  SOURCE_UNAUTHORIZED: (message) => `Invalid token: ${message}`,
  SOURCE_SPACE_UNKNOWN: (message) =>
    `The space does not exist: ${message}. Please check the available spaces with the "list-spaces" subcommand.`,
  SOURCE_UNREACHABLE: (message) => `Error connecting to provider host: ${message}`,
}

/** Lines for standard error. Only a defect of ours comes with its stack; nothing of an error but its message and stack is ever shown. */
export function describeFailure(error: unknown): readonly string[] {
  // Commander has printed its own already.
  if (error instanceof CommanderError) return []
  if (error instanceof AggregateError) return error.errors.flatMap(describeFailure)
  if (error instanceof ConfigError || error instanceof UsageError) return marked(error.message)
  if (error instanceof OneTriggerError && error.code !== 'INVARIANT') {
    const message = words104[error.code]?.(error.message) ?? error.message
    return marked(`${message} (${error.code})`)
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : 'something that is no error was thrown'
  return [
    'error: this is a defect of OneTrigger (INVARIANT); please report it with the lines below',
    ...text.split('\n').map(printable),
  ]
}

function marked(message: string): readonly string[] {
  return message.split('\n').map((line) => `error: ${printable(line)}`)
}
