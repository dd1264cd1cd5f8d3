import { type Store, withStore } from '../app/operator/open.ts'
import { changeInSteps, type Selection, selectDeliveries } from '../app/operator/select-deliveries.ts'
import type { Flags } from '../config/given.ts'
import type { DeliveryState } from '../core/delivery.ts'
import { UsageError } from '../core/errors.ts'
import { createSystemClock } from '../lib/clock.ts'
import { parseDuration } from '../lib/duration.ts'
import { beside } from './beside.ts'
import { deliveryLines, deliverySummary } from './delivery-view.ts'
import type { Io } from './io.ts'

const states: readonly string[] = ['owed', 'delivered', 'dead', 'discarded'] satisfies readonly DeliveryState[]

/** `onetrigger deliveries list`: newest first; with `--json` one line each. */
export async function listDeliveries(flags: Flags, io: Io): Promise<number> {
  const clock = createSystemClock()
  const limit = limitOf(flags)
  const selection = selectionOf(flags)
  return withStore(beside(flags, io).store, clock, async (store) => {
    let shown = 0
    for await (const delivery of selectDeliveries(store, selection, clock.now(), true)) {
      if (shown === limit) {
        io.writeError(`There are more; --limit shows more than ${limit}.\n`)
        break
      }
      shown += 1
      if (flags.json === true) io.print(JSON.stringify(delivery))
      else for (const line of deliverySummary(delivery, clock.now())) io.print(line)
    }
    if (shown === 0 && flags.json !== true) io.print('There are no such deliveries.')
    return 0
  })
}

/** `onetrigger deliveries show ID`: everything that is known of one. */
export async function showDelivery(id: string, flags: Flags, io: Io): Promise<number> {
  const clock = createSystemClock()
  return withStore(beside(flags, io).store, clock, async (store) => {
    const delivery = await store.delivery(id)
    if (delivery === null) {
      io.writeError(`error: there is no delivery ${id}\n`)
      return 1
    }
    if (flags.json === true) io.print(JSON.stringify(delivery))
    else for (const line of deliveryLines(delivery, clock.now())) io.print(line)
    return 0
  })
}

/** `onetrigger deliveries replay|discard [ID…]`: by ids, or by filters and then only with `--yes`. */
export async function changeDeliveries(
  action: 'replay' | 'discard',
  ids: readonly string[],
  flags: Flags,
  io: Io,
): Promise<number> {
  const clock = createSystemClock()
  const selection = selectionOf(flags)
  const isFiltered = Object.keys(selection).length > 0
  if (isFiltered === ids.length > 0) {
    throw new UsageError('USAGE', `Name what to ${action}: either ids, or by a filter such as --state dead.`)
  }
  return withStore(beside(flags, io).store, clock, async (store) => {
    const chosen = isFiltered ? await idsOf(store, selection, clock.now()) : ids
    if (isFiltered && flags.yes !== true) {
      io.print(`${count(chosen.length)} would be ${done[action]}. Nothing was done; say --yes.`)
      return chosen.length === 0 ? 0 : 1
    }
    const step = stepOf(action, flags)
    const changed = await changeInSteps(chosen, (some) => change(store, step, some, clock.now()))
    for (const line of changeLines(step, { asked: chosen.length, changed }, flags.json === true)) io.print(line)
    return changed === 0 && chosen.length > 0 ? 1 : 0
  })
}

function stepOf(action: 'replay' | 'discard', { rerun }: Flags): 'replay' | 'rerun' | 'discard' {
  return action === 'replay' && rerun === true ? 'rerun' : action
}

/** Without a word about states, what was given up is meant. */
async function idsOf(store: Store, selection: Selection, now: number): Promise<readonly string[]> {
  const found: string[] = []
  for await (const { id } of selectDeliveries(store, { state: 'dead', ...selection }, now)) found.push(id)
  return found
}

async function change(
  store: Store,
  action: 'replay' | 'rerun' | 'discard',
  ids: readonly string[],
  now: number,
): Promise<number> {
  if (action === 'rerun') return (await store.rerun(ids, now)).length
  return action === 'replay' ? store.replay(ids, now) : store.discard(ids, now)
}

function changeLines(
  step: 'replay' | 'rerun' | 'discard',
  result: { readonly asked: number; readonly changed: number },
  asJson: boolean,
): readonly string[] {
  if (asJson) return [JSON.stringify(result)]
  const { asked, changed } = result
  const why = step === 'discard' ? 'delivered already' : 'still owed'
  return [
    `${count(changed)} ${changed === 1 ? 'is' : 'are'} ${done[step]}.`,
    ...(changed < asked ? [`${asked - changed} could not be: ${why}, or not there.`] : []),
  ]
}

const done = { replay: 'owed again', rerun: 'owed anew under new ids', discard: 'discarded' } as const

function selectionOf({ target, trigger, state, olderThan, newerThan, path }: Flags): Selection {
  if (typeof state === 'string' && !states.includes(state)) {
    throw new UsageError('USAGE', `--state takes ${states.join(', ')}, not "${state}".`)
  }
  return {
    ...(typeof target === 'string' ? { target } : {}),
    ...(typeof trigger === 'string' ? { trigger } : {}),
    ...(isState(state) ? { state } : {}),
    ...(typeof path === 'string' ? { path } : {}),
    ...(typeof olderThan === 'string' ? { olderThanMs: durationOf('--older-than', olderThan) } : {}),
    ...(typeof newerThan === 'string' ? { newerThanMs: durationOf('--newer-than', newerThan) } : {}),
  }
}

function isState(state: Flags[string]): state is DeliveryState {
  return typeof state === 'string' && states.includes(state)
}

function durationOf(flag: string, text: string): number {
  const ms = parseDuration(text)
  if (ms === null) throw new UsageError('USAGE', `${flag} takes a duration such as 30m, 2h or 3d, not "${text}".`)
  return ms
}

function limitOf({ limit }: Flags): number {
  const text = typeof limit === 'string' ? limit : '50'
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageError('USAGE', `--limit takes a number above 0, not "${text}".`)
  return Number(text)
}

function count(number: number): string {
  return `${number} ${number === 1 ? 'delivery' : 'deliveries'}`
}
