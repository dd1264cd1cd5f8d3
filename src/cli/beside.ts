import type { Config } from '../config/config.ts'
import type { Flags } from '../config/given.ts'
import { storeSchema } from '../config/schema.ts'
import { storeNamed } from '../config/settings.ts'
import { ConfigError } from '../core/errors.ts'
import { type Configured, configure } from './configuration.ts'
import type { Io } from './io.ts'

/** Which store a command works on, and the configuration where there is one. */
export interface Beside {
  readonly store: Config['store']
  readonly configured: Configured | null
}

/**
 * Finds the store of the instance that is meant: by `--store` alone, or by the same configuration (file, or variables) that it runs with, whose secrets
 * need not be here. Throws `ConfigError`.
 */
export function beside(flags: Flags, io: Io): Beside {
  const path = typeof flags.store === 'string' ? flags.store : (io.env.ONETRIGGER_STORE ?? '')
  try {
    const configured = configure(flags, io, 'store')
    return { store: configured.config.store, configured }
  } catch (error) {
    // The store alone is enough to work on what is in it.
    if (error instanceof ConfigError && path !== '' && typeof flags.config !== 'string') {
      const store = storeSchema.safeParse(storeNamed(path))
      if (store.success) return { store: store.data, configured: null }
      throw new ConfigError('CONFIG_INVALID', `--store: ${store.error.issues.map(({ message }) => message).join('; ')}`)
    }
    throw error
  }
}
