import type { Config } from '../../config/config.ts'
import { ConfigError } from '../../core/errors.ts'
import type { Clock } from '../../lib/clock.ts'
import { openSqliteStoreBeside } from '../../store/sqlite/sqlite-store.ts'
import type { Store } from '../../store/store.ts'

export type { Store }

/**
 * Opens the store of a running instance beside it, for one command: nothing is locked, nothing upgraded. Rejects with `ConfigError` for a store that has no
 * outside, and with `StoreError`.
 */
export async function openBeside(store: Config['store'], clock: Clock): Promise<Store> {
  if (store.type === 'sqlite') return openSqliteStoreBeside({ path: store.path, clock })
  throw new ConfigError('CONFIG_INVALID', 'A store in memory can be seen by its own process only; use type sqlite.')
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
