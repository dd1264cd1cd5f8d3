import type { Config } from '../../config/config.ts'
import type { Clock } from '../../lib/clock.ts'
import { silentLog } from '../../lib/log.ts'
import type { Store } from '../../store/store.ts'
import { openStoreBeside } from '../open-store.ts'

export type { Store }

/**
 * Opens the store of a running instance beside it, for one command: nothing is locked, nothing upgraded. Rejects with `ConfigError` for a store that has no
 * outside, and with `StoreError`.
 */
export function openBeside(store: Config['store'], clock: Clock): Promise<Store> {
  return openStoreBeside(store, { clock, log: silentLog })
}

/** Opens the store for as long as `use` takes. */
export async function withStore<T>(
  store: Config['store'],
  clock: Clock,
  use: (store: Store) => Promise<T>,
): Promise<T> {
  const opened = await openBeside(store, clock)
  try {
    return await use(opened)
  } finally {
    await opened.close()
  }
}
