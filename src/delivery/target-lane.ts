import {
  allowedInFlight,
  type Breaker,
  breakerAfterAnswer,
  breakerAfterUnavailable,
  closedBreaker,
} from '../core/breaker.ts'
import type { ClaimedDelivery, Outcome, Settlement } from '../core/delivery.ts'
import { subjectOf } from '../core/event.ts'
import { nextStep } from '../core/retry.ts'
import type { PartHealth } from '../core/source.ts'
import { sleep } from '../lib/clock.ts'
import type { DispatcherOptions, DispatcherTarget } from './dispatcher.ts'

/** Claims are good for the time-out of the attempt and this much more: a live attempt is never claimed twice. */
const leaseMarginMs = 60_000
/** After a store that does not answer. */
const storeRetryMs = 1_000
/** A claim asks for at least this share of the slots, so that a busy target is served in batches and not one by one. */
const claimShare = 0.25

/** Everything that is owed to one target: claims, attempts, settlements. */
export class TargetLane {
  readonly #name: string
  readonly #target: DispatcherTarget
  readonly #options: DispatcherOptions
  #breaker: Breaker
  #inFlight = 0
  #woken = false
  #wake: () => void = () => {}
  #settlements: Settlement[] = []
  #settling: Promise<void> | null = null

  constructor(name: string, target: DispatcherTarget, options: DispatcherOptions) {
    this.#name = name
    this.#target = target
    this.#options = options
    this.#breaker = closedBreaker(options.clock.now())
  }

  wake(): void {
    this.#woken = true
    this.#wake()
  }

  health(): PartHealth {
    const { state, since, reason } = this.#breaker
    if (state === 'open')
      return { ok: false, since, detail: `nothing gets through: ${reason ?? 'no answer'}; deliveries wait` }
    return { ok: true, since, detail: 'delivering' }
  }

  async run(stop: AbortSignal, abort: AbortSignal): Promise<void> {
    const wake = () => this.wake()
    stop.addEventListener('abort', wake)
    abort.addEventListener('abort', wake)
    try {
      while (!stop.aborted) {
        const claimed = await this.#claim(stop)
        for (const delivery of claimed) this.#start(delivery, stop, abort)
        if (claimed.length === 0) await this.#rest(stop)
      }
      while (this.#inFlight > 0 || this.#settlements.length > 0 || this.#settling !== null) await this.#untilWoken(null)
    } finally {
      stop.removeEventListener('abort', wake)
      abort.removeEventListener('abort', wake)
    }
  }

  async #claim(stop: AbortSignal): Promise<readonly ClaimedDelivery[]> {
    const { clock, store, log } = this.#options
    const { concurrency, timeoutMs } = this.#target
    const now = clock.now()
    const free = allowedInFlight(this.#breaker, concurrency, now) - this.#inFlight
    const least = this.#inFlight === 0 || this.#breaker.state === 'open' ? 1 : Math.ceil(concurrency * claimShare)
    if (free < least) return []
    this.#woken = false
    try {
      return await store.claim({ target: this.#name, limit: free, now, leaseUntil: now + timeoutMs + leaseMarginMs })
    } catch (error) {
      log.warn({ target: this.#name, err: error }, 'the store does not hand out deliveries; trying again')
      await sleep(clock, storeRetryMs, stop).catch(() => {})
      return []
    }
  }

  /** Waits until there may be something to do: woken, an attempt ended, the next delivery is due, or a probe may go. */
  async #rest(stop: AbortSignal): Promise<void> {
    const { clock, store } = this.#options
    if (this.#breaker.state === 'open' && clock.now() < this.#breaker.probeAt) {
      this.#woken = false
      return this.#untilWoken(this.#breaker.probeAt)
    }
    if (this.#inFlight > 0 || this.#woken) return this.#untilWoken(null)
    const due = await store.nextDue(this.#name).catch(() => clock.now() + storeRetryMs)
    if (stop.aborted) return
    // Due already and not handed out: an attempt for the same file is under way elsewhere.
    await this.#untilWoken(due === null ? null : Math.max(due, clock.now() + 10))
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

  #start(delivery: ClaimedDelivery, stop: AbortSignal, abort: AbortSignal): void {
    if (stop.aborted) {
      this.#settle({
        id: delivery.id,
        kind: 'again',
        at: this.#options.clock.now(),
        nextAt: 0,
        countAttempt: false,
        reason: 'not sent: stopping',
        answer: null,
      })
      return
    }
    this.#inFlight += 1
    this.#options.meter.inFlight(this.#name, this.#inFlight)
    void this.#attempt(delivery, abort).then(() => {
      this.#inFlight -= 1
      this.#options.meter.inFlight(this.#name, this.#inFlight)
      this.wake()
    })
  }

  async #attempt(delivery: ClaimedDelivery, abort: AbortSignal): Promise<void> {
    const { clock, meter, onProgress } = this.#options
    const beganAt = clock.now()
    const outcome = await this.#deliver(delivery, abort)
    meter.attempted(this.#name, outcome.kind, clock.now() - beganAt)
    onProgress?.({ delivery, outcome })
    const wasOpen = this.#breaker.state === 'open'
    this.#judge(outcome, beganAt)
    this.#settle(this.#settlementOf(delivery, outcome, wasOpen, beganAt))
    await this.#settling
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

  #judge(outcome: Outcome, beganAt: number): void {
    const { clock, random, log } = this.#options
    const before = this.#breaker
    // A failure that began before the last success says nothing about the target now.
    const stale = before.lastSuccessAt !== null && before.lastSuccessAt > beganAt
    if (outcome.kind === 'delivered' || outcome.kind === 'rejected')
      this.#breaker = breakerAfterAnswer(before, clock.now())
    else if (outcome.kind === 'unavailable' && !stale)
      this.#breaker = breakerAfterUnavailable(before, outcome.reason, clock.now(), random())
    if (before.state === this.#breaker.state) return
    if (this.#breaker.state === 'open') {
      log.warn(
        { target: this.#name, reason: this.#breaker.reason },
        'nothing gets through to the target; its deliveries wait',
      )
    } else {
      log.info({ target: this.#name, downMs: clock.now() - before.since }, 'the target works again')
    }
  }

  #settlementOf(delivery: ClaimedDelivery, outcome: Outcome, wasOpen: boolean, beganAt: number): Settlement {
    const { clock, random, log, meter } = this.#options
    const at = clock.now()
    const { id } = delivery
    const answer = outcome.kind === 'delivered' ? (outcome.answer ?? null) : (outcome.answer ?? null)
    if (outcome.kind === 'delivered') {
      log.info(
        {
          target: this.#name,
          delivery: id,
          path: subjectOf(delivery.event),
          attempt: delivery.attempt,
          ms: at - beganAt,
        },
        'delivered',
      )
      return { id, kind: 'delivered', at, answer, job: outcome.job ?? null }
    }
    const { lastSuccessAt } = this.#breaker
    // Others got through meanwhile: it is about this event, which must not circle for ever.
    const othersWork = !wasOpen && lastSuccessAt !== null && lastSuccessAt >= beganAt
    if (outcome.kind === 'unavailable' && !othersWork) {
      const nextAt = this.#breaker.state === 'open' ? at : at + storeRetryMs
      return { id, kind: 'again', at, nextAt, countAttempt: false, reason: outcome.reason, answer }
    }
    const step = nextStep(delivery, outcome, this.#target.retry, at, random())
    const fields = {
      target: this.#name,
      delivery: id,
      path: subjectOf(delivery.event),
      attempt: delivery.attempt,
      reason: outcome.reason,
    }
    if (step.kind === 'dead') {
      meter.dead(this.#name)
      log.error(fields, 'the delivery is given up and kept as a dead letter')
      return { id, kind: 'dead', at, reason: step.reason, answer }
    }
    log.warn({ ...fields, againInMs: step.nextAt - at }, 'the delivery failed; trying again')
    return { id, kind: 'again', at, nextAt: step.nextAt, countAttempt: true, reason: outcome.reason, answer }
  }

  /** Settlements that come while one write is under way go into the next together. */
  #settle(settlement: Settlement): void {
    this.#settlements.push(settlement)
    this.#settling ??= this.#writeSettlements().finally(() => {
      this.#settling = null
      this.wake()
    })
  }

  async #writeSettlements(): Promise<void> {
    const { store, clock, log } = this.#options
    // What ends in the same turn is written together.
    await Promise.resolve()
    while (this.#settlements.length > 0) {
      const batch = this.#settlements.splice(0)
      try {
        await store.settle(batch)
      } catch (error) {
        log.error({ target: this.#name, err: error }, 'what became of deliveries could not be stored; trying again')
        this.#settlements.unshift(...batch)
        await sleep(clock, storeRetryMs, new AbortController().signal)
      }
    }
  }
}
