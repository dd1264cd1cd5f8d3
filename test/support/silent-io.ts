import type { Io } from '../../src/cli/io.ts'

/** For who asks the program what it can do and has it do nothing: it reads, prints and waits for nothing. */
export const silentIo: Io = {
  env: {},
  home: '/',
  isTerminal: false,
  keepToken: () => {},
  print: () => {},
  writeError: () => {},
  untilSignal: () => AbortSignal.abort(),
}
