import { existsSync, rmSync, statSync } from 'node:fs'
import { withStore } from '../app/operator/open.ts'
import type { Flags } from '../config/given.ts'
import { ConfigError } from '../core/errors.ts'
import { createSystemClock } from '../lib/clock.ts'
import { beside } from './beside.ts'
import type { Io } from './io.ts'

/** `onetrigger backup FILE`: a consistent copy while everything runs. */
export async function backUp(path: string, flags: Flags, io: Io): Promise<number> {
  if (existsSync(path)) {
    if (flags.force !== true) throw new ConfigError('CONFIG_INVALID', `${path} is there already; --force replaces it.`)
    rmSync(path)
  }
  const clock = createSystemClock()
  const began = clock.now()
  return withStore(beside(flags, io).store, clock, async (store) => {
    await store.backup(path)
    const [bytes, ms] = [statSync(path).size, Math.round(clock.now() - began)]
    if (flags.json === true) io.print(JSON.stringify({ path, bytes, ms }))
    else io.print(`${path}: ${bytes} bytes in ${ms} ms`)
    return 0
  })
}
