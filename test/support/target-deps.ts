import { createSystemClock } from '../../src/lib/clock.ts'
import { defaultEgress } from '../../src/lib/egress.ts'
import { silentLog } from '../../src/lib/log.ts'
import { fixedSecret } from '../../src/lib/secret.ts'
import type { TargetDeps } from '../../src/targets/define.ts'

/** What a target is given in tests: the real clock, no proxy, one secret for everything. */
export function targetDeps(overrides: Partial<TargetDeps> = {}): TargetDeps {
  return {
    name: 'target',
    clock: createSystemClock(),
    log: silentLog,
    timeoutMs: 10_000,
    concurrency: 16,
    secret: () => fixedSecret('canary'),
    egress: defaultEgress,
    ...overrides,
  }
}
