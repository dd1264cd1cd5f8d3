import { onTestFinished } from 'vitest'
import { createSystemClock } from '../../src/lib/clock.ts'
import type { EgressRules } from '../../src/lib/egress.ts'
import { silentLog } from '../../src/lib/log.ts'
import { RequestThread } from '../../src/targets/http/thread/request-thread.ts'
import { waitFor } from './wait-for.ts'

/** A thread that listens and makes all requests; it ends with the running test. */
export async function aRequestThread(egress: EgressRules = {}): Promise<RequestThread> {
  const thread = new RequestThread({ clock: createSystemClock(), log: silentLog, egress, many: 1 })
  onTestFinished(() => thread.close())
  await waitFor('the thread listens', () => thread.takes())
  return thread
}
