import type { ConnectDeps } from '../app/connect.ts'
import { SourceError } from '../core/errors.ts'
import { createSystemClock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'

/** A person waits: an answer that takes longer is none. */
const usualPatienceMs = 60_000

/** What looking at providers and targets once takes. */
export function connectDeps(log: Log, patienceMs = usualPatienceMs): ConnectDeps {
  const late = new AbortController()
  // Whoever is broken off rejects with this.
  const reason = new SourceError('SOURCE_UNREACHABLE', `there was no answer within ${patienceMs / 1_000} s`)
  setTimeout(() => late.abort(reason), patienceMs).unref()
  return { log, clock: createSystemClock(), random: Math.random, signal: late.signal }
}
