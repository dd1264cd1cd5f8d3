import type { ConnectDeps } from '../app/connect.ts'
import { createSystemClock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'

/** A person waits: an answer that takes longer is none. */
const patienceMs = 60_000

/** What looking at providers and targets once takes. */
export function connectDeps(log: Log): ConnectDeps {
  return { log, clock: createSystemClock(), random: Math.random, signal: AbortSignal.timeout(patienceMs) }
}
