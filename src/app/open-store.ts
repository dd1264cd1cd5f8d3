import type { Config } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import { createMemoryStore } from '../store/memory.ts'
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts'
import type { Store } from '../store/store.ts'

/** Opens the store that the configuration names. Rejects with `StoreError`. */
export function openStore({ store }: Config, clock: Clock): Promise<Store> {
  return store.type === 'memory'
    ? Promise.resolve(createMemoryStore(clock))
    : openSqliteStore({ path: store.path, clock })
}
