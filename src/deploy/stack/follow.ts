import { DeployError } from '../../core/errors.ts'
import { type Clock, sleep } from '../../lib/clock.ts'
import type { Stack, StackEvent, Stacks } from './cloud.ts'
import { explainReason } from './failure.ts'
import { isSettled } from './states.ts'

/** As often as AWS' own tools ask. */
const intervalMs = 3_000

/** What following takes. */
export interface FollowDeps {
  readonly cloud: Stacks
  readonly clock: Clock
  readonly onEvent: (event: StackEvent) => void
}

/** What is followed: everything that happens to a stack after an event. */
export interface Following {
  readonly id: string
  /** The newest event of before; null = there was none. */
  readonly after: string | null
  /** Whether a state is the end; by default every one in which nothing moves. */
  readonly isEnd?: (status: string) => boolean
}

/** Where a stack came to; null = it is gone. */
export interface Followed {
  readonly stack: Stack | null
  readonly events: readonly StackEvent[]
}

/** Tells every event of a stack until its end. */
export async function follow(
  { id, after, isEnd = isSettled }: Following,
  { cloud, clock, onEvent }: FollowDeps,
): Promise<Followed> {
  const told: StackEvent[] = []
  for (;;) {
    const stack = await cloud.stack(id)
    const isGone = stack === null || stack.status === 'DELETE_COMPLETE'
    // What is gone for one who knows its name only has no events any more.
    if (stack !== null) {
      for (const event of await cloud.events(id, told.at(-1)?.id ?? after)) {
        told.push(event)
        onEvent(event)
      }
    }
    if (isGone) return { stack: null, events: told }
    if (isEnd(stack.status)) return { stack, events: told }
    await sleep(clock, intervalMs, never)
  }
}

const never = new AbortController().signal

/** The error for a stack that did not come where it should: every resource that failed by itself, with the reason. */
export function stackFailed(name: string, { stack, events }: Followed): DeployError {
  const status = stack?.status ?? 'DELETE_COMPLETE'
  const reasons = events
    .filter((event) => event.status.endsWith('_FAILED') && !/cancelled/i.test(event.reason ?? ''))
    .map(({ resource, reason }) => `${resource}: ${explainReason(reason ?? 'no reason was given')}`)
  const list = [...new Set(reasons)].map((line) => `\n  ${line}`).join('')
  return new DeployError('DEPLOY_FAILED', `the stack ${name} ended in ${status}${list}${advice(name, status)}`)
}

/** What a person can do about a state in which a stack stays. */
export function advice(name: string, status: string): string {
  if (/^(ROLLBACK_|CREATE_FAILED)/.test(status)) {
    return `\nIt was never finished. Remove it by: onetrigger deploy aws --destroy --yes --name ${name}; then deploy again`
  }
  if (status === 'UPDATE_ROLLBACK_FAILED') {
    return `\nRun: aws cloudformation continue-update-rollback --stack-name ${name}; then deploy again`
  }
  if (status === 'DELETE_FAILED') {
    return `\nRemove what AWS could not (the reason names it), then run: onetrigger deploy aws --destroy --yes --name ${name}`
  }
  return status.startsWith('UPDATE_ROLLBACK') ? '\nWhat ran before runs on unchanged.' : ''
}
