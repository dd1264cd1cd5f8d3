import {
  allowedInFlight,
  type Breaker,
  breakerAfterAnswer,
  breakerAfterUnavailable,
  closedBreaker,
} from '../core/breaker.ts'
import type { Outcome } from '../core/delivery.ts'
import {
  freshPace,
  mayBegin,
  type Pace,
  paceAfterBegin,
  paceAfterFailure,
  paceAfterSuccess,
  paceAfterThrottled,
  rateOf,
} from '../core/pace.ts'
import type { PartHealth } from '../core/source.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Random } from '../lib/random.ts'
import type { OwedEvent } from '../store/store.ts'
import type { Notices } from './notices.ts'

export interface StandingOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly notices: Notices
  /** Attempts at once, while the target works. */
  readonly concurrency: number
  /** Most attempts in a second; null = as many as it takes. */
  readonly perSecond: number | null
  /** A target that asks for a longer pause is sent something after this one. */
  readonly retryAfterCapMs: number
}

/** How a target has answered of late, and what may be sent to it therefore: everything, a probe, or so many a second. */
export class Standing {
  readonly #target: string
  readonly #options: StandingOptions
  #breaker: Breaker
  #pace: Pace

  constructor(target: string, options: StandingOptions) {
    this.#target = target
    this.#options = options
    const now = options.clock.now()
    this.#breaker = closedBreaker(now)
    this.#pace = freshPace(options.perSecond, now)
  }

  /** Nothing gets through; probes go now and then. */
  get isDown(): boolean {
    return this.#breaker.state === 'open'
  }

  /** It is down, or is sent only so many a second. */
  get isHeldBack(): boolean {
    return this.isDown || rateOf(this.#pace) !== null
  }

  health(): PartHealth {
    const { since, reason } = this.#breaker
    if (this.isDown)
      return { ok: false, since, detail: `nothing gets through: ${reason ?? 'no answer'}; deliveries wait` }
    return { ok: true, since, detail: 'delivering' }
  }

  /** Attempts that may be under way together. */
  allowed(now: number): number {
    return allowedInFlight(this.#breaker, this.#options.concurrency, now)
  }

  /** How many of `room` may begin now. */
  mayBegin(room: number, now: number): number {
    return mayBegin(this.#pace, room, now)
  }

  began(count: number, now: number): void {
    this.#pace = paceAfterBegin(this.#pace, count, now)
  }

  /** The soonest time at which the next attempt may begin; past where that is now. */
  opensAt(now: number): number {
    return Math.max(this.isDown ? this.#breaker.probeAt : now, this.#pace.nextAt)
  }

  /** Whether something has got through since then. */
  hasWorkedSince(time: number): boolean {
    const { lastSuccessAt } = this.#breaker
    return lastSuccessAt !== null && lastSuccessAt >= time
  }

  /** Takes in what an attempt that began at `beganAt` says about the target as a whole. Gives what is told of it. */
  judge(outcome: Outcome, beganAt: number): readonly OwedEvent[] {
    const { clock, random, retryAfterCapMs } = this.#options
    const [before, now] = [this.#breaker, clock.now()]
    // A failure that began before the last success says nothing about the target now.
    const stale = before.lastSuccessAt !== null && before.lastSuccessAt > beganAt
    // Those that were under way together fail together: that is one failure, and not a reason to wait longer with the probe.
    const sameFailure = before.state === 'open' && before.since >= beganAt
    if (outcome.kind === 'delivered' || outcome.kind === 'rejected') {
      this.#breaker = breakerAfterAnswer(before, now)
      this.#pace = paceAfterSuccess(this.#pace)
    } else if (outcome.kind === 'unavailable' && !stale && !sameFailure) {
      this.#breaker = breakerAfterUnavailable(before, outcome.reason, now, random())
    } else if (outcome.kind === 'retry' && outcome.throttled === true) {
      const pauseMs = outcome.retryAfterMs ?? null
      this.#pace = paceAfterThrottled(this.#pace, pauseMs === null ? null : Math.min(pauseMs, retryAfterCapMs), now)
    } else if (outcome.kind === 'retry') {
      this.#pace = paceAfterFailure(this.#pace, now)
    }
    return before.state === this.#breaker.state ? [] : this.#turned(before)
  }

  #turned(before: Breaker): readonly OwedEvent[] {
    const { clock, log, notices } = this.#options
    const { reason, since } = this.#breaker
    const target = this.#target
    if (!this.isDown) {
      log.info({ target, downMs: clock.now() - before.since }, 'the target works again')
      return []
    }
    log.warn({ target, reason }, 'nothing gets through to the target; its deliveries wait')
    return notices.make({
      type: 'target.unhealthy',
      subject: `target/${target}`,
      occasion: String(since),
      message: `Nothing gets through to target ${target}: ${reason ?? 'no answer'}. Its deliveries wait.`,
      data: { target, reason: reason ?? '' },
      at: clock.wall(),
      except: target,
    })
  }
}
