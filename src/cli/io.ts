import type { Environment } from '../config/env.ts'

/** The outside of a command: what it reads, and where it prints. */
export interface Io {
  readonly env: Environment
  readonly home: string
  /** Whether standard error is a terminal. */
  readonly isTerminal: boolean
  /** Puts a token that was a flag where the configuration says that it is: into the environment. */
  readonly keepToken: (token: string) => void
  /** One line for standard output. */
  readonly print: (line: string) => void
  /** Text as it is for standard error. */
  readonly writeError: (text: string) => void
  /** Aborts on SIGINT and SIGTERM from the first call on; a second signal ends the process. */
  readonly untilSignal: () => AbortSignal
}
