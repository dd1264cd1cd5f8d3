import type { DeliveryMeter } from '../delivery/meter.ts'
import type { Clock } from '../lib/clock.ts'
import type { PipelineMeter } from '../pipeline/meter.ts'
import type { SourceMeter } from '../sources/define.ts'

/** What one run did, in numbers. */
export interface Counts {
  /** Requests to providers. */
  readonly providerCalls: number
  readonly observations: number
  /** Files found complete. */
  readonly complete: number
  readonly stalled: number
  /** Files that are not decided upon yet. */
  readonly pending: number
  readonly delivered: number
  /** Attempts that did not deliver. */
  readonly failed: number
  /** Deliveries given up. */
  readonly dead: number
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] }

/** Counts what the parts of a run do, and knows when something happened last: a run is over when nothing does any more. */
export class Tally {
  readonly #clock: Clock
  readonly #pending = new Map<string, number>()
  #lastAt: number
  #asking = 0
  #inFlight = 0
  readonly #counts: Writable<Omit<Counts, 'pending'>> = {
    providerCalls: 0,
    observations: 0,
    complete: 0,
    stalled: 0,
    delivered: 0,
    failed: 0,
    dead: 0,
  }

  constructor(clock: Clock) {
    this.#clock = clock
    this.#lastAt = clock.now()
  }

  get counts(): Counts {
    const pending = [...this.#pending.values()].reduce((sum, count) => sum + count, 0)
    return { ...this.#counts, pending }
  }

  /** How long nothing has happened, milliseconds; 0 while a request or an attempt is under way. */
  get quietMs(): number {
    const isBusy = this.#asking > 0 || this.#inFlight > 0
    return isBusy ? 0 : this.#clock.now() - this.#lastAt
  }

  readonly source = (): SourceMeter => ({
    // A provider that fails is no news, however often it is asked.
    call: (_route, status) => {
      this.#counts.providerCalls += 1
      if (typeof status === 'number' && status < 500) this.#happen()
    },
    underWay: (more) => this.#ask(more),
    reconnect: () => {},
    streamOpen: () => this.#happen(),
    gap: () => this.#happen(),
  })

  readonly pipeline: PipelineMeter = {
    underWay: (more) => this.#ask(more),
    observed: (_source, _by, count) => this.#count('observations', count),
    pending: (trigger, phase, count) => {
      this.#pending.set(`${trigger}/${phase}`, count)
    },
    fired: () => this.#count('complete'),
    premature: () => {},
    stalled: () => this.#count('stalled'),
  }

  readonly delivery: DeliveryMeter = {
    attempted: (_target, outcome) => this.#count(outcome === 'delivered' ? 'delivered' : 'failed'),
    dead: () => this.#count('dead'),
    jobEnded: () => this.#happen(),
    inFlight: (_target, more) => {
      this.#inFlight += more
      this.#happen()
    },
  }

  #count(what: keyof Omit<Counts, 'pending'>, more = 1): void {
    this.#counts[what] += more
    if (more > 0) this.#happen()
  }

  #ask(more: 1 | -1): void {
    this.#asking += more
    this.#happen()
  }

  #happen(): void {
    this.#lastAt = this.#clock.now()
  }
}
