import { withStore } from '../app/operator/open.ts'
import { enableTarget, listTargets, type TargetRow, testTarget } from '../app/operator/targets.ts'
import type { Flags } from '../config/given.ts'
import { createSystemClock } from '../lib/clock.ts'
import { beside } from './beside.ts'
import { configure } from './configuration.ts'
import { connectDeps } from './connect-deps.ts'
import type { Io } from './io.ts'
import { printable } from './printable.ts'

/** `onetrigger targets list`: what each is owed, and whether it is in service. */
export async function showTargets(flags: Flags, io: Io): Promise<number> {
  const { store: place, configured } = beside(flags, io)
  return withStore(place, createSystemClock(), async (store) => {
    const rows = await listTargets(store, configured?.config ?? null)
    if (flags.json === true) io.print(JSON.stringify(rows))
    else for (const row of rows) io.print(line(row))
    return 0
  })
}

function line({ target, type, owed, dead, oldestOwedAt, disabledAt, failingSince }: TargetRow): string {
  const oldest = oldestOwedAt === null ? '' : ` (the oldest since ${iso(oldestOwedAt)})`
  const service =
    disabledAt === null
      ? failingSince === null
        ? ''
        : `, failing since ${iso(failingSince)}`
      : `, DISABLED since ${iso(disabledAt)}: onetrigger targets enable ${target}`
  return `${target} (${type ?? 'not configured'}): ${owed} owed${oldest}, ${dead} dead${service}`
}

/** `onetrigger targets test NAME`: 0 when the target took the sample. */
export async function tryTarget(name: string, flags: Flags, io: Io): Promise<number> {
  const { config, log } = configure(flags, io)
  const deps = connectDeps(log)
  const outcome = await testTarget(name, config, String(deps.clock.wall()), deps)
  if (flags.json === true) io.print(JSON.stringify(outcome))
  else {
    const reason = outcome.kind === 'delivered' ? '' : `: ${outcome.reason}`
    io.print(`${name}: ${outcome.kind}${printable(reason)}`)
    if (outcome.answer !== undefined) io.print(`answer ${outcome.answer.status} ${printable(outcome.answer.body)}`)
    if (outcome.kind === 'delivered' && outcome.job !== undefined) io.print(`job ${printable(outcome.job.id)}`)
  }
  return outcome.kind === 'delivered' ? 0 : 1
}

/** `onetrigger targets enable NAME` */
export async function putBack(name: string, flags: Flags, io: Io): Promise<number> {
  return withStore(beside(flags, io).store, createSystemClock(), async (store) => {
    const wasOut = await enableTarget(store, name)
    io.print(wasOut ? `${name} is in service again.` : `${name} was in service already.`)
    return 0
  })
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
