import type { Flags } from '../config/given.ts'
import { configPathOf } from '../config/load.ts'
import { configure, readConfiguration } from './configuration.ts'
import type { Io } from './io.ts'

/** Everything has been told by then. */
const lingerMs = 1_000

/** `onetrigger run`: resolves with the exit code when a signal has ended it. */
export async function run(flags: Flags, io: Io): Promise<number> {
  const { config, log } = configure(flags, io)
  const { serve } = await import('../app/serve.ts')
  const hasFile = configPathOf(flags, io.env) !== null
  const code = await serve(config, { log, ...(hasFile ? { reload: async () => readConfiguration(flags, io) } : {}) })
  // What did not end in time and was left must not keep the process.
  setTimeout(() => process.exit(code), lingerMs).unref()
  return code
}
