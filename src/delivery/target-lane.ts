import {
  allowedInFlight,
  type Breaker,
  breakerAfterAnswer,
  breakerAfterUnavailable,
  closedBreaker,
} from '../core/breaker.ts'
import type { ClaimedDelivery, Outcome, Settlement } from '../core/delivery.ts'
import { isBeyondWaiting } from '../core/errors.ts'
import { subjectOf } from '../core/event.ts'
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
import { nextStep } from '../core/retry.ts'
import type { PartHealth } from '../core/source.ts'
import { sleep } from '../lib/clock.ts'
import type { OwedEvent } from '../store/store.ts'
import { Ahead } from './ahead.ts'
import type { DispatcherOptions, DispatcherTarget } from './dispatcher.ts'
import { JobFollower } from './job-follower.ts'
import type { Notices } from './notices.ts'
import { Service } from './service.ts'
import { Settler } from './settler.ts'

/** Claims are good for the time-out of the attempt and this much more: a live attempt is never claimed twice. */
const leaseMarginMs = 60_000
/** After a store that does not answer. */
const storeRetryMs = 1_000
/** A claim asks for at least this share of what it may ask for, so that a busy target is served in batches and not one by one. */
const claimShare = 0.5

export interface LaneOptions extends DispatcherOptions {
  readonly notices: Notices
  /** Events for these targets have become durable. */
  readonly onOwed: (targets: readonly string[]) => void
}

/** What an attempt came to: what is written down, and what is told of it. */
interface Consequence {
  readonly settlement: Settlement
  readonly owed: readonly OwedEvent[]
}

/** Everything that is owed to one target: claims, attempts, settlements. */
export class TargetLane {
  readonly #name: string
  readonly #target: DispatcherTarget
  readonly #options: LaneOptions
  readonly #settler: Settler
  readonly #service: Service
  readonly #follower: JobFollower
  readonly #ahead: Ahead
  #breaker: Breaker
  #pace: Pace
  /** Why the lane cannot go on. */
  #failure: { readonly error: unknown } | null = null
  #inFlight = 0
  /** Nothing can be claimed before an attempt ends. */
  #isFull = false
  /** Nothing is due that is not handed out: whatever attempts end in success, there is nothing to claim. */
  #isDry = false
  /** What the last claim asked for. */
  #limit = 0
  /** Attempts whose outcome is not durable yet; those in flight are among them. */
  #unsettled = 0
  #woken = false
  #wake: () => void = () => {}

  constructor(name: string, target: DispatcherTarget, options: LaneOptions) {
    this.#name = name
    this.#target = target
    this.#options = options
    const now = options.clock.now()
    this.#breaker = closedBreaker(now)
    this.#pace = freshPace(target.perSecond ?? null, now)
    this.#ahead = new Ahead(target.concurrency)
    this.#settler = new Settler({ ...options, target: name, isClaimNear: () => this.#ahead.size > 0 })
    this.#service = new Service(name, target.disableAfterMs ?? null, options)
    this.#follower = new JobFollower({ ...options, name, target: target.target })
  }

  wake(): void {
    this.#woken = true
    this.#wake()
  }

  health(): PartHealth {
    const out = this.#service.disabledAt
    if (out !== null)
      return { ok: false, since: out, detail: 'disabled; its deliveries are kept until it is enabled again' }
    const { state, since, reason } = this.#breaker
    if (state === 'open')
      return { ok: false, since, detail: `nothing gets through: ${reason ?? 'no answer'}; deliveries wait` }
    return { ok: true, since, detail: 'delivering' }
  }

  async run(stop: AbortSignal, abort: AbortSignal): Promise<void> {
    const wake = () => this.wake()
    stop.addEventListener('abort', wake)
    abort.addEventListener('abort', wake)
    const following = this.#follower.run(stop)
    try {
      while (!stop.aborted && this.#failure === null) {
        const claimed = await this.#claim(stop)
        this.#ahead.add(claimed, this.#options.clock.now())
        this.#launch(stop, abort)
        if (claimed.length < this.#limit || claimed.length === 0) await this.#rest(stop, claimed.length > 0)
      }
      // From here on each end counts.
      this.#isDry = false
      this.#handBack('stopping')
      this.#settler.hurry()
      while (this.#failure === null && (this.#unsettled > 0 || !this.#settler.isIdle)) await this.#untilWoken(null)
      if (this.#failure !== null) throw this.#failure.error
      await following
    } finally {
      stop.removeEventListener('abort', wake)
      abort.removeEventListener('abort', wake)
    }
  }

  async #claim(stop: AbortSignal): Promise<readonly ClaimedDelivery[]> {
    const { clock, store, log } = this.#options
    const { timeoutMs } = this.#target
    this.#woken = false
    this.#isDry = false
    this.#limit = 0
    try {
      if (!(await this.#service.isOpen())) return []
      const now = clock.now()
      this.#isFull = !this.#hasRoom(now)
      const limit = this.#isFull ? 0 : mayBegin(this.#pace, this.#room(now), now)
      this.#limit = limit
      if (limit === 0) return []
      const longest = Math.max(timeoutMs, this.#target.target.longestAttemptMs ?? 0)
      const leaseUntil = now + longest + leaseMarginMs
      const claiming = store.claim({ target: this.#name, limit, now, leaseUntil })
      this.#settler.hurry()
      const claimed = await claiming
      this.#ahead.claimTook(clock.now() - now)
      this.#pace = paceAfterBegin(this.#pace, claimed.length, now)
      return claimed
    } catch (error) {
      if (isBeyondWaiting(error)) throw error
      log.warn({ target: this.#name, err: error }, 'the store does not hand out deliveries; trying again')
      await sleep(clock, storeRetryMs, stop).catch(() => {})
      return []
    }
  }

  /** How many more may be claimed: for the free slots, and beyond them for a quick target. */
  #room(now: number): number {
    const free = allowedInFlight(this.#breaker, this.#target.concurrency, now) - this.#inFlight
    return free + this.#allowedAhead(now) - this.#ahead.size
  }

  /** Nothing lies ready for a target that is held back: what it may be sent is decided when it may. */
  #allowedAhead(now: number): number {
    return this.#isHeldBack() ? 0 : this.#ahead.allowed(now)
  }

  #isHeldBack(): boolean {
    return this.#breaker.state === 'open' || rateOf(this.#pace) !== null
  }

  /** Whether there is room for a claim that is worth a transaction. */
  #hasRoom(now: number): boolean {
    const isOne = this.#inFlight + this.#ahead.size === 0 || this.#breaker.state === 'open'
    const most = this.#target.concurrency + this.#allowedAhead(now)
    return this.#room(now) >= (isOne ? 1 : Math.ceil(most * claimShare))
  }

  /**
   * Waits until there may be something to do: woken, an attempt ended that others wait for, the next delivery is due, or one may go. Not at all where
   * something was claimed and more is due: other deliveries for the same files hide behind each other.
   */
  async #rest(stop: AbortSignal, hasClaimed: boolean): Promise<void> {
    if (stop.aborted) return
    const { clock, store } = this.#options
    const opensAt = this.#opensAt()
    if (opensAt !== null) {
      this.#woken = false
      return this.#untilWoken(opensAt)
    }
    if (this.#woken || (this.#isFull && this.#inFlight > 0)) return this.#untilWoken(null)
    // Undefined: the store does not tell.
    const due = await store.nextDue(this.#name).catch(() => undefined)
    if (stop.aborted) return
    const now = clock.now()
    const isDue = typeof due === 'number' && due <= now
    if (hasClaimed && isDue) return
    // A store that others share does not count what waits behind another of its file, and theirs may have held it up: it is asked at each end.
    this.#isDry = due !== undefined && !isDue && !store.isShared
    // Due already and not handed out: an attempt for the same file is under way, here (its end wakes the lane) or elsewhere.
    const soonest = now + (this.#inFlight > 0 ? storeRetryMs : 10)
    await this.#untilWoken(due === null ? null : Math.max(due ?? now + storeRetryMs, soonest))
  }

  /** When the next attempt may begin, where that is not now; an attempt that ends before wakes the lane anyway. */
  #opensAt(): number | null {
    const now = this.#options.clock.now()
    const probe = this.#breaker.state === 'open' ? this.#breaker.probeAt : now
    const at = Math.max(this.#service.askAgainAt ?? now, probe, this.#pace.nextAt)
    return at > now ? at : null
  }

  #untilWoken(time: number | null): Promise<void> {
    if (this.#woken) {
      this.#woken = false
      return Promise.resolve()
    }
    return new Promise((resolve) => {
      const done = () => {
        cancel()
        this.#wake = () => {}
        this.#woken = false
        resolve()
      }
      const cancel = time === null ? () => {} : this.#options.clock.timer(time - this.#options.clock.now(), done)
      this.#wake = done
    })
  }

  /** Sends what lies ready, as far as there are free slots; hands back what must not be sent now. */
  #launch(stop: AbortSignal, abort: AbortSignal): void {
    // After `stop` the run hands it back.
    if (this.#ahead.size === 0 || stop.aborted) return
    const now = this.#options.clock.now()
    this.#giveBack(this.#ahead.takeStale(now), 'it waited for too long')
    const free = allowedInFlight(this.#breaker, this.#target.concurrency, now) - this.#inFlight
    for (const delivery of this.#ahead.take(Math.max(free, 0))) this.#start(delivery, stop, abort)
    if (this.#isHeldBack()) this.#handBack('the target is held back')
  }

  #handBack(why: string): void {
    this.#giveBack(this.#ahead.take(this.#ahead.size), why)
  }

  /** Unsent and at once: it uses up nothing. */
  #giveBack(deliveries: readonly ClaimedDelivery[], why: string): void {
    if (deliveries.length === 0) return
    const at = this.#options.clock.now()
    const unsent = {
      kind: 'again',
      at,
      nextAt: 0,
      countAttempt: false,
      reason: `not sent: ${why}`,
      answer: null,
    } as const
    this.#see(this.#settle(deliveries.map(({ id }) => ({ ...unsent, id }))))
  }

  #start(delivery: ClaimedDelivery, stop: AbortSignal, abort: AbortSignal): void {
    this.#unsettled += 1
    this.#fly(1)
    this.#see(
      this.#attempt(delivery, stop, abort).finally(() => {
        this.#unsettled -= 1
      }),
    )
  }

  async #attempt(delivery: ClaimedDelivery, stop: AbortSignal, abort: AbortSignal): Promise<void> {
    const { clock, meter, onProgress } = this.#options
    const beganAt = clock.now()
    const outcome = await this.#deliver(delivery, abort)
    meter.attempted(this.#name, outcome.kind, clock.now() - beganAt)
    onProgress?.({ delivery, outcome })
    const wasOpen = this.#breaker.state === 'open'
    const told = this.#judge(outcome, beganAt)
    const { settlement, owed } = this.#consequence(delivery, outcome, wasOpen, beganAt)
    // What is ready leaves at once, and more is claimed while this one is settled: so both share a transaction.
    this.#fly(-1)
    this.#ahead.ended(clock.now())
    this.#launch(stop, abort)
    if (!this.#isDry && (!this.#isFull || this.#hasRoom(clock.now()))) this.wake()
    const disabled = await this.#service.after(outcome, clock.now())
    await this.#settle([settlement], [...told, ...owed, ...disabled])
    if (outcome.kind === 'delivered' && outcome.job !== undefined) this.#follower.wake()
  }

  /** What is to be tried again is due anew. */
  async #settle(settlements: readonly Settlement[], owed: readonly OwedEvent[] = []): Promise<void> {
    await this.#settler.settle(settlements, owed)
    if (settlements.some(({ kind }) => kind === 'again')) this.wake()
  }

  /** What ends wakes the lane, unless there is nothing to claim; what fails ends it. */
  #see(work: Promise<void>): void {
    const failed = (error: unknown) => {
      this.#failure ??= { error }
      this.wake()
    }
    void work.catch(failed).finally(() => {
      if (!this.#isDry) this.wake()
    })
  }

  #fly(more: 1 | -1): void {
    this.#inFlight += more
    this.#options.meter.inFlight(this.#name, this.#inFlight)
  }

  /** A target answers with an outcome; what it throws is a defect, but for the abort that was asked for. */
  async #deliver(delivery: ClaimedDelivery, abort: AbortSignal): Promise<Outcome> {
    const { log } = this.#options
    try {
      return await this.#target.target.deliver(delivery, abort)
    } catch (error) {
      if (abort.aborted) return { kind: 'retry', reason: 'broken off by a second signal' }
      log.error({ target: this.#name, delivery: delivery.id, err: error }, 'a target failed in a way it must not')
      return { kind: 'retry', reason: 'a defect of OneTrigger; see the log' }
    }
  }

  /** What an outcome says about the target as a whole. Gives what is told of it. */
  #judge(outcome: Outcome, beganAt: number): readonly OwedEvent[] {
    const { clock, random } = this.#options
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
      const cap = this.#target.retry.retryAfterCapMs
      this.#pace = paceAfterThrottled(this.#pace, pauseMs === null ? null : Math.min(pauseMs, cap), now)
    } else if (outcome.kind === 'retry') {
      this.#pace = paceAfterFailure(this.#pace, now)
    }
    return before.state === this.#breaker.state ? [] : this.#turned(before)
  }

  #turned(before: Breaker): readonly OwedEvent[] {
    const { clock, log, notices } = this.#options
    const { state, reason, since } = this.#breaker
    const target = this.#name
    if (state === 'closed') {
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

  #consequence(delivery: ClaimedDelivery, outcome: Outcome, wasOpen: boolean, beganAt: number): Consequence {
    const { clock, random, log, meter, notices } = this.#options
    const at = clock.now()
    const { id, attempt } = delivery
    const answer = outcome.answer ?? null
    const about = { target: this.#name, delivery: id, path: subjectOf(delivery.event), attempt }
    if (outcome.kind === 'delivered') {
      log.info({ ...about, ms: at - beganAt }, 'delivered')
      return { settlement: { id, kind: 'delivered', at, answer, job: outcome.job ?? null }, owed: [] }
    }
    const { reason } = outcome
    const { lastSuccessAt, state } = this.#breaker
    // Others got through meanwhile: it is about this event, which must not circle for ever.
    const othersWork = !wasOpen && lastSuccessAt !== null && lastSuccessAt >= beganAt
    if (outcome.kind === 'unavailable' && !othersWork) {
      const nextAt = state === 'open' ? at : at + storeRetryMs
      return { settlement: { id, kind: 'again', at, nextAt, countAttempt: false, reason, answer }, owed: [] }
    }
    const step = nextStep(delivery, outcome, this.#target.retry, at, random())
    if (step.kind === 'dead') {
      meter.dead(this.#name)
      log.error({ ...about, reason }, 'the delivery is given up and kept as a dead letter')
      const owed = notices.dead(delivery, step.reason, clock.wall())
      return { settlement: { id, kind: 'dead', at, reason: step.reason, answer }, owed }
    }
    const { nextAt } = step
    log.warn({ ...about, reason, againInMs: nextAt - at }, 'the delivery failed; trying again')
    return { settlement: { id, kind: 'again', at, nextAt, countAttempt: true, reason, answer }, owed: [] }
  }
}
