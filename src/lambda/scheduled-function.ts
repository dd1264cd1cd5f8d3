import type { Config } from '../config/config.ts'
import type { Environment } from '../config/env.ts'
import { createSecrets } from '../config/secrets.ts'
import { OneTriggerError, StoreError } from '../core/errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { Random } from '../lib/random.ts'
import type { Store } from '../store/store.ts'
import { ArnSecrets } from './arn-secrets.ts'
import { loadFunctionConfig } from './configuration.ts'
import { consoleLog } from './log.ts'
import { createRunClock } from './run-clock.ts'
import { idleSummary, runOnce, type Summary } from './run-once.ts'

/** The part of Lambda's context that is used. */
export interface LambdaContext {
  getRemainingTimeInMillis(): number
}

/** What calls it, and with what event, does not matter: every run does what there is to do. */
export type ScheduledFunction = (event: unknown, context: LambdaContext) => Promise<Summary>

export interface FunctionDeps {
  readonly env: Environment
  readonly random: Random
  /** Names this process among others. */
  readonly holder: string
  /** Opens the store for one run, or rejects with `STORE_LOCKED` while another run has it. `warm` is the same object in each run of a process. */
  readonly openStore: (
    config: Config['store'],
    given: { readonly clock: Clock; readonly warm: object },
  ) => Promise<Store>
  /** A fresh one for each run; absent: the machine's. */
  readonly createClock?: () => Clock
  /** Takes the lines of the log; absent: standard output. */
  readonly write?: (line: string) => void
}

/** What stays between the runs of one warm process. */
interface Warm {
  readonly config: Config
  readonly arns: readonly string[]
  readonly secrets: ArnSecrets
  hasRun: boolean
}

/**
 * The scheduled function. Resolves with the summary of the run; rejects (and Lambda counts an error) with what a person must repair, or where a source could
 * not be watched: then the next run begins as if the process were new.
 */
export function createScheduledFunction(deps: FunctionDeps): ScheduledFunction {
  const clock = createRunClock(deps.createClock)
  let warm: Promise<Warm> | null = null
  return async (_event, context) => {
    clock.restart()
    const deadline = clock.now() + context.getRemainingTimeInMillis()
    warm ??= start(deps, clock)
    try {
      return await run(await warm, { ...deps, clock, deadline })
    } catch (error) {
      warm = null
      throw error
    }
  }
}

async function start({ env }: FunctionDeps, clock: Clock): Promise<Warm> {
  const { config, arns } = await loadFunctionConfig(env)
  return { config, arns, secrets: new ArnSecrets(clock), hasRun: false }
}

type RunGiven = FunctionDeps & { readonly clock: Clock; readonly deadline: number }

async function run(warm: Warm, given: RunGiven): Promise<Summary> {
  const { config, arns, secrets } = warm
  const { clock, openStore, write } = given
  await secrets.prepare(arns)
  // Whatever the level: alarms are made of its last line.
  const log = consoleLog('info', write)
  try {
    const store = await unlessLocked(openStore(config.store, { clock, warm }))
    const summary = store === null ? idleSummary(clock) : await runOn(store, warm, given)
    log.info(summary, 'the run is over')
    return summary
  } catch (error) {
    if (error instanceof OneTriggerError)
      log.error({ ...error.details, code: error.code, reason: error.message }, 'the run failed')
    throw error
  }
}

async function runOn(store: Store, warm: Warm, given: RunGiven): Promise<Summary> {
  const { config, secrets, hasRun } = warm
  warm.hasRun = true
  try {
    const secret = createSecrets(given.env, secrets.source)
    const log = consoleLog(config.log.level, given.write)
    return await runOnce(config, { ...given, store, log, secret, warm, isFirst: !hasRun })
  } finally {
    await store.close()
  }
}

/** Null where another run is at work. */
async function unlessLocked(opening: Promise<Store>): Promise<Store | null> {
  try {
    return await opening
  } catch (error) {
    if (error instanceof StoreError && error.code === 'STORE_LOCKED') return null
    throw error
  }
}
