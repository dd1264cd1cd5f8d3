import type { StoreConfig } from '../config/config.ts'
import { createSecrets } from '../config/secrets.ts'
import { ConfigError } from '../core/errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { createMemoryStore } from '../store/memory.ts'
import type { PostgresStoreOptions } from '../store/postgres/postgres-store.ts'
import { openSqliteStore, openSqliteStoreBeside } from '../store/sqlite/sqlite-store.ts'
import type { Store } from '../store/store.ts'

export interface StoreDeps {
  readonly clock: Clock
  readonly log: Log
}

/** Longer than a process that died keeps the table: its successor starts by itself. */
const dynamoWaitMs = 75_000

/** Opens the store that the configuration names. Rejects with `StoreError`, and with `ConfigError` where its URL is missing or none. */
export async function openStore(store: StoreConfig, deps: StoreDeps): Promise<Store> {
  switch (store.type) {
    case 'memory':
      return createMemoryStore(deps.clock)
    case 'sqlite':
      return openSqliteStore({ path: store.path, clock: deps.clock })
    case 'postgres': {
      const { openPostgresStore } = await import('../store/postgres/postgres-store.ts')
      return openPostgresStore(await postgresOptions(store, deps))
    }
    case 'dynamodb': {
      const { openDynamoStore } = await import('../store/dynamodb/dynamo-store.ts')
      return openDynamoStore({ ...store, clock: deps.clock, waitMs: dynamoWaitMs })
    }
  }
}

/**
 * Opens the store of running processes beside them, for one command: nothing is locked, nothing upgraded. Rejects with `ConfigError` for a store that has
 * no outside, and with `StoreError`.
 */
export async function openStoreBeside(store: StoreConfig, deps: StoreDeps): Promise<Store> {
  switch (store.type) {
    case 'memory':
      throw new ConfigError('CONFIG_INVALID', 'A store in memory can be seen by its own process only; use type sqlite.')
    case 'sqlite':
      return openSqliteStoreBeside({ path: store.path, clock: deps.clock })
    case 'postgres': {
      const { openPostgresStoreBeside } = await import('../store/postgres/postgres-store.ts')
      return openPostgresStoreBeside(await postgresOptions(store, deps))
    }
    case 'dynamodb': {
      const { openDynamoStoreBeside } = await import('../store/dynamodb/dynamo-store.ts')
      return openDynamoStoreBeside({ ...store, clock: deps.clock })
    }
  }
}

/** The driver is loaded only where it is used. */
async function postgresOptions(
  { url, schema, connections }: Extract<StoreConfig, { readonly type: 'postgres' }>,
  deps: StoreDeps,
): Promise<PostgresStoreOptions> {
  const { connectPostgres } = await import('../store/postgres/connect.ts')
  const database = connectPostgres({ url: createSecrets()(url), connections, ...deps })
  return { database, name: database.place, schema, ...deps }
}
