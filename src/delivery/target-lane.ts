import type { ClaimedDelivery, Outcome, Settlement } from '../core/delivery.ts'
import { isBeyondWaiting } from '../core/errors.ts'
import type { PartHealth } from '../core/source.ts'
import { longestAttemptMs } from '../core/target.ts'
import { sleep } from '../lib/clock.ts'
import type { OwedEvent } from '../store/store.ts'
import { Ahead } from './ahead.ts'
import { type ConsequenceOptions, consequenceOf } from './consequence.ts'
import type { DispatcherOptions, DispatcherTarget } from './dispatcher.ts'
import { JobFollower } from './job-follower.ts'
import type { Notices } from './notices.ts'
import { Service } from './service.ts'
import { Settler } from './settler.ts'
import { Standing } from './standing.ts'

/** Claims are good for the time-out of the attempt and this much more: a live attempt is never claimed twice. */
const leaseMarginMs = 60_000
/** After a store that does not answer. */
const storeRetryMs = 1_000
/** Until something that is due and not handed out is asked for again; doubled each time, up to the above. */
const firstLookMs = 10
/** A claim asks for at least this share of what it may ask for, so that a busy target is served in batches and not one by one. */
const claimShare = 0.5

export interface LaneOptions extends DispatcherOptions {
  readonly notices: Notices
  /** Events for these targets have become durable. */
  readonly onOwed: (targets: readonly string[]) => void
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
  readonly #standing: Standing
  readonly #policy: ConsequenceOptions
  /** Why the lane cannot go on. */
  #failure: { readonly error: unknown } | null = null
  #inFlight = 0
  /** Nothing can be claimed before an attempt ends. */
  #isFull = false
  /** Nothing is due that is not handed out: whatever attempts end in success, there is nothing to claim. */
  #isDry = false
  /** How often in a row something was due that was not handed out. */
  #fruitless = 0
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
    const { concurrency, perSecond = null, retry } = target
    const { retryAfterCapMs } = retry
    this.#standing = new Standing(name, { ...options, concurrency, perSecond, retryAfterCapMs })
    this.#policy = { ...options, target: name, retry }
    this.#ahead = new Ahead(concurrency)
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
    return this.#standing.health()
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
    this.#woken = false
    this.#isDry = false
    this.#limit = 0
    try {
      if (!(await this.#service.isOpen())) return []
      const now = clock.now()
      this.#isFull = !this.#hasRoom(now)
      const limit = this.#isFull ? 0 : this.#standing.mayBegin(this.#room(now), now)
      this.#limit = limit
      if (limit === 0) return []
      const leaseUntil = now + longestAttemptMs(this.#target) + leaseMarginMs
      const claiming = store.claim({ target: this.#name, limit, now, leaseUntil })
      this.#settler.hurry()
      const claimed = await claiming
      this.#ahead.claimTook(clock.now() - now)
      this.#standing.began(claimed.length, now)
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
    const free = this.#standing.allowed(now) - this.#inFlight
    return free + this.#allowedAhead(now) - this.#ahead.size
  }

  /** Nothing lies ready for a target that is held back: what it may be sent is decided when it may. */
  #allowedAhead(now: number): number {
    return this.#standing.isHeldBack ? 0 : this.#ahead.allowed(now)
  }

  /** Whether there is room for a claim that is worth a transaction. */
  #hasRoom(now: number): boolean {
    const isOne = this.#inFlight + this.#ahead.size === 0 || this.#standing.isDown
    const most = this.#target.concurrency + this.#allowedAhead(now)
    return this.#room(now) >= (isOne ? 1 : Math.ceil(most * claimShare))
  }

  /**
   * Waits until there may be something to do: woken, an attempt ended that others wait for, the next delivery is due, or one may go. Not at all where
   * something was claimed and more is due: other deliveries for the same files hide behind each other.
   */
  async #rest(stop: AbortSignal, hasClaimed: boolean): Promise<void> {
    if (stop.aborted || this.#failure !== null) return
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
    this.#fruitless = isDue && !hasClaimed ? this.#fruitless + 1 : 0
    if (hasClaimed && isDue) return
    // A store that others share does not count what waits behind another of its file, and theirs may have held it up: it is asked at each end.
    this.#isDry = due !== undefined && !isDue && !store.isShared
    await this.#untilWoken(due === null ? null : Math.max(due ?? now + storeRetryMs, now + this.#leastRestMs()))
  }

  /** Due already and not handed out: an attempt for the same file is under way, here (its end wakes the lane) or elsewhere, for however long. */
  #leastRestMs(): number {
    if (this.#unsettled > 0) return storeRetryMs
    return Math.min(firstLookMs * 2 ** Math.max(this.#fruitless - 1, 0), storeRetryMs)
  }

  /** When the next attempt may begin, where that is not now; an attempt that ends before wakes the lane anyway. */
  #opensAt(): number | null {
    const now = this.#options.clock.now()
    const at = Math.max(this.#service.askAgainAt ?? now, this.#standing.opensAt(now))
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
    if (this.#service.disabledAt !== null) {
      this.#handBack('the target is disabled')
      return
    }
    const now = this.#options.clock.now()
    this.#giveBack(this.#ahead.takeStale(now), 'it waited for too long')
    const free = this.#standing.allowed(now) - this.#inFlight
    for (const delivery of this.#ahead.take(Math.max(free, 0))) this.#start(delivery, stop, abort)
    if (this.#standing.isHeldBack) this.#handBack('the target is held back')
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

  /** Gives whether something is due anew. */
  async #attempt(delivery: ClaimedDelivery, stop: AbortSignal, abort: AbortSignal): Promise<boolean> {
    const { clock, meter, onProgress } = this.#options
    const beganAt = clock.now()
    const outcome = await this.#deliver(delivery, abort)
    meter.attempted(this.#name, outcome.kind, clock.now() - beganAt)
    onProgress?.({ delivery, outcome })
    const wasDown = this.#standing.isDown
    const told = this.#standing.judge(outcome, beganAt)
    const othersWork = !wasDown && this.#standing.hasWorkedSince(beganAt)
    const { isDown } = this.#standing
    const { settlement, owed } = consequenceOf({ delivery, outcome, beganAt }, { othersWork, isDown }, this.#policy)
    // What is ready leaves at once, and more is claimed while this one is settled: so both share a transaction.
    this.#fly(-1)
    this.#ahead.ended(clock.now())
    this.#launch(stop, abort)
    if (!this.#isDry && (!this.#isFull || this.#hasRoom(clock.now()))) this.wake()
    const disabled = await this.#service.after(outcome, clock.now())
    const isDueAnew = await this.#settle([settlement], [...told, ...owed, ...disabled])
    if (outcome.kind === 'delivered' && outcome.job !== undefined) this.#follower.wake()
    return isDueAnew
  }

  /** Gives whether something is due anew: what is to be tried again. */
  async #settle(settlements: readonly Settlement[], owed: readonly OwedEvent[] = []): Promise<boolean> {
    await this.#settler.settle(settlements, owed)
    return settlements.some(({ kind }) => kind === 'again')
  }

  /** What ends wakes the lane, once, unless there is nothing to claim; what fails ends it. `work` gives whether something is due anew. */
  #see(work: Promise<boolean>): void {
    const failed = (error: unknown) => {
      this.#failure ??= { error }
      return true
    }
    void work.catch(failed).then((isDueAnew) => {
      if (isDueAnew || !this.#isDry) this.wake()
    })
  }

  #fly(more: 1 | -1): void {
    this.#inFlight += more
    this.#options.meter.inFlight(this.#name, more)
  }

  /** What moves files goes on with the part that it was at. */
  #brokenOff(): Outcome {
    const resumes = longestAttemptMs(this.#target) > this.#target.timeoutMs
    return { kind: 'retry', reason: 'broken off, as the process had to end', resumes }
  }

  /** A target answers with an outcome; what it throws is a defect, but for the abort that was asked for. */
  async #deliver(delivery: ClaimedDelivery, abort: AbortSignal): Promise<Outcome> {
    const { log } = this.#options
    try {
      return await this.#target.target.deliver(delivery, abort)
    } catch (error) {
      if (abort.aborted) return this.#brokenOff()
      log.error({ target: this.#name, delivery: delivery.id, err: error }, 'a target failed in a way it must not')
      return { kind: 'retry', reason: 'a defect of OneTrigger; see the log' }
    }
  }
}
