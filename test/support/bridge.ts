import { type Bridge, createBridge } from '../../src/app/bridge.ts'
import type { Config, TargetConfig } from '../../src/config/config.ts'
import { defaultRetry } from '../../src/core/retry.ts'
import type { Clock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { fixedSecret } from '../../src/lib/secret.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import type { Store } from '../../src/store/store.ts'
import { aConfig } from './builders.ts'

/** A bridge in this process that has what the configuration says, which nobody watches. */
export function aBridge(
  { store, clock, isReload = false }: { readonly store: Store; readonly clock: Clock; readonly isReload?: boolean },
  config: Partial<Config>,
): Bridge {
  const { meters } = createMetrics({ store, clock, parts: () => ({}), version: 'test' })
  return createBridge(aConfig(config), {
    ...{ store, clock, meters, log: silentLog, random: () => 0.5, holder: 'me', isReload },
    secret: () => fixedSecret('none'),
  })
}

/** A target that runs a command, one at a time. */
export function aCommandTarget(command: readonly string[], timeoutMs: number): TargetConfig {
  const named = { type: 'exec', options: { command }, concurrency: 1, perSecond: null }
  return { ...named, timeoutMs, retry: defaultRetry, disableAfterMs: null }
}
