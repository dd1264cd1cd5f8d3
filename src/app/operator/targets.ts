import type { Config } from '../../config/config.ts'
import type { Outcome } from '../../core/delivery.ts'
import { ConfigError } from '../../core/errors.ts'
import type { FileEvent } from '../../core/event.ts'
import { deliveryId } from '../../core/ids.ts'
import { freshTargetState, type OutboxDepth, type Store, type TargetState } from '../../store/store.ts'
import { buildTarget, type ConnectDeps } from '../connect.ts'

/** One target: what it is owed, and whether it is in service. */
export interface TargetRow extends OutboxDepth, TargetState {
  /** Kind of the target; null where the configuration does not name it (any more), or is not at hand. */
  readonly type: string | null
}

/** Every target that is configured or has ever been owed something. */
export async function listTargets(store: Store, config: Config | null): Promise<readonly TargetRow[]> {
  const depths = new Map((await store.depth()).map((depth) => [depth.target, depth]))
  const names = new Set([...(config?.targets.keys() ?? []), ...depths.keys()])
  return Promise.all(
    [...names].map(async (target) => ({
      ...(depths.get(target) ?? { target, owed: 0, dead: 0, oldestOwedAt: null }),
      ...(await store.targetState(target)),
      type: config?.targets.get(target)?.type ?? null,
    })),
  )
}

/** Puts a target back into service; a running instance sees it within seconds. Resolves with whether it was out. */
export async function enableTarget(store: Store, target: string): Promise<boolean> {
  const { disabledAt, failingSince } = await store.targetState(target)
  // Who has no state gets none: the name may be mistyped, and would be told of for ever.
  if (disabledAt !== null || failingSince !== null) await store.saveTargetState(target, freshTargetState)
  return disabledAt !== null
}

/**
 * Sends a sample event, marked as such, once and past the outbox. `id` makes it another one than the last. It may take as long as a real one: what it
 * started is not broken off. Rejects with `ConfigError` for no such target.
 */
export async function testTarget(name: string, config: Config, id: string, deps: ConnectDeps): Promise<Outcome> {
  if (!config.targets.has(name)) throw new ConfigError('CONFIG_INVALID', `There is no target "${name}".`)
  const target = buildTarget(name, config, deps)
  const event = sampleEvent(config, id, deps.clock.wall())
  try {
    const delivery = { id: deliveryId(event.id, name), target: name, event, attempt: 1, createdAt: event.eventTime }
    return await target.deliver(delivery, new AbortController().signal)
  } finally {
    await target.close()
  }
}

function sampleEvent(config: Config, id: string, now: number): FileEvent {
  const [trigger] = config.triggers
  const folder = trigger?.folder ?? ''
  return {
    id: `evt_sample_${id}`,
    kind: 'complete',
    trigger: trigger?.name ?? 'sample',
    source: trigger?.source ?? 'sample',
    space: { id: 'sample', name: trigger?.space.split('@')[0] ?? 'sample' },
    fileId: `sample-${id}`,
    path: `${folder === '' ? '' : `${folder}/`}onetrigger-sample.txt`,
    size: 0,
    mtime: Math.floor(now / 1_000),
    evidence: {
      rung: 'quiet',
      because: 'a person asked for a sample; there is no such file',
      quietMs: 0,
      lastChangeAt: now,
    },
    eventTime: now,
  }
}
