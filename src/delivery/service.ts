import type { Outcome } from '../core/delivery.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { freshTargetState, type OwedEvent, type Store, type TargetState } from '../store/store.ts'
import type { Notices } from './notices.ts'

/** A disabled target is looked up this often: a person may have put it back into service. */
const askEveryMs = 10_000

export interface ServiceOptions {
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  readonly notices: Notices
}

/**
 * Whether a target is in service. It is taken out when it says so itself, and where `disableAfter` asks for it when nothing got through for so long; a
 * person puts it back. How long it has been failing outlives a restart; without `disableAfter` that is not written down.
 */
export class Service {
  readonly #target: string
  readonly #disableAfterMs: number | null
  readonly #options: ServiceOptions
  #state: TargetState = freshTargetState
  /** When the store is to be asked; null = never again. */
  #askAt: number | null

  constructor(target: string, disableAfterMs: number | null, options: ServiceOptions) {
    this.#target = target
    this.#disableAfterMs = disableAfterMs
    this.#options = options
    this.#askAt = options.clock.now()
  }

  /** Since when the target is out of service; null = it is in service. */
  get disabledAt(): number | null {
    return this.#state.disabledAt
  }

  /** While out of service: when to ask again. */
  get askAgainAt(): number | null {
    return this.disabledAt === null ? null : this.#askAt
  }

  /** Whether deliveries may go. Rejects when the store cannot tell. */
  async isOpen(): Promise<boolean> {
    const { clock, store, log } = this.#options
    if (this.#askAt === null || clock.now() < this.#askAt) return this.disabledAt === null
    const was = this.disabledAt
    this.#state = await store.targetState(this.#target)
    this.#askAt = this.disabledAt === null ? null : clock.now() + askEveryMs
    if (was !== null && this.disabledAt === null) log.info({ target: this.#target }, 'the target is in service again')
    return this.disabledAt === null
  }

  /** Takes an outcome into account. Gives what is told when that takes the target out of service. */
  async after(outcome: Outcome, now: number): Promise<readonly OwedEvent[]> {
    if (this.disabledAt !== null) return []
    const { failingSince } = this.#state
    if (outcome.kind === 'unavailable' && outcome.disable === true) {
      return this.#disable(failingSince ?? now, outcome.reason, now)
    }
    if (this.#disableAfterMs === null) return []
    if (outcome.kind === 'delivered') {
      if (failingSince !== null) await this.#save(freshTargetState)
      return []
    }
    if (failingSince === null) {
      await this.#save({ failingSince: now, disabledAt: null })
      return []
    }
    if (now - failingSince < this.#disableAfterMs) return []
    return this.#disable(failingSince, outcome.reason, now)
  }

  async #disable(failingSince: number, reason: string, now: number): Promise<readonly OwedEvent[]> {
    const { log, notices, clock } = this.#options
    const target = this.#target
    this.#askAt = now + askEveryMs
    await this.#save({ failingSince, disabledAt: now })
    log.error({ target, failingSince, reason }, 'the target is disabled')
    return notices.make({
      type: 'target.disabled',
      subject: `target/${target}`,
      occasion: String(now),
      message: `Target ${target} is disabled: ${reason}. Its deliveries are kept.`,
      data: { target, reason, failingSince: new Date(failingSince).toISOString() },
      at: clock.wall(),
      except: target,
    })
  }

  /** What cannot be stored is known to this process at least. */
  async #save(state: TargetState): Promise<void> {
    const { store, log } = this.#options
    this.#state = state
    await store.saveTargetState(this.#target, state).catch((error: unknown) => {
      log.warn({ target: this.#target, err: error }, 'how long the target has been failing could not be stored')
    })
  }
}
