import { hasEnded, type Job } from '../core/delivery.ts'
import type { Target } from '../core/target.ts'
import { type Clock, sleep } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { DeliveryJob, Store } from '../store/store.ts'
import type { DeliveryMeter } from './meter.ts'

const shortestMs = 5_000
const longestMs = 120_000
/** As many as `DescribeJobs` takes. */
const jobsAtOnce = 100

export interface FollowerOptions {
  readonly name: string
  readonly target: Target
  readonly store: Store
  readonly clock: Clock
  readonly meter: DeliveryMeter
  readonly log: Log
  /** The first look is at once. */
  readonly isShortRun?: boolean
}

/**
 * Looks what became of the jobs a target started, until each has ended: every 5 s while something changes, at last every two minutes. What is seen is
 * kept with the delivery.
 */
export class JobFollower {
  readonly #options: FollowerOptions
  #delayMs: number
  #hurry: () => void = () => {}

  constructor(options: FollowerOptions) {
    this.#options = options
    this.#delayMs = options.isShortRun === true ? 0 : shortestMs
  }

  /** A job was started. */
  wake(): void {
    if (this.#delayMs === shortestMs) return
    this.#delayMs = shortestMs
    this.#hurry()
  }

  /** Ends when `stop` aborts. Never rejects: a target that cannot be asked is asked again later. */
  async run(stop: AbortSignal): Promise<void> {
    const { target, clock } = this.#options
    if (target.follow === undefined) return
    while (!stop.aborted) {
      const rest = new AbortController()
      this.#hurry = () => rest.abort()
      await sleep(clock, this.#delayMs, AbortSignal.any([stop, rest.signal])).catch(() => {})
      if (stop.aborted) return
      // Woken: the job has just begun, so it is looked at a little later.
      if (rest.signal.aborted) continue
      const changed = await this.#look(stop).catch((error: unknown) => this.#failed(error, stop))
      this.#delayMs = changed ? shortestMs : Math.min(Math.max(this.#delayMs * 2, shortestMs), longestMs)
    }
  }

  /** Asks for every open job once; gives whether one was seen to change. */
  async #look(stop: AbortSignal): Promise<boolean> {
    const { name, target, store, clock } = this.#options
    const began = clock.now()
    let changed = false
    for (;;) {
      const open = await store.openJobs(name, began - 1, jobsAtOnce)
      if (open.length === 0 || target.follow === undefined) return changed
      const seen = new Map(
        (
          await target.follow(
            open.map(({ job }) => job),
            stop,
          )
        ).map((job) => [job.id, job]),
      )
      const after = open.map(({ delivery, job }) => ({ delivery, job: this.#after(job, seen.get(job.id)) }))
      await store.saveJobs(after)
      for (const [index, { job }] of open.entries()) {
        const now = after[index]
        if (now === undefined || now.job.state === job.state) continue
        changed = true
        this.#announce(now)
      }
    }
  }

  #after(before: Job, seen: Job | undefined): Job {
    const seenAt = this.#options.clock.now()
    if (seen !== undefined) return { ...seen, detail: seen.detail.slice(0, 1_024), seenAt }
    return { ...before, seenAt }
  }

  #announce({ delivery, job }: DeliveryJob): void {
    const { name, meter, log } = this.#options
    if (!hasEnded(job)) return
    meter.jobEnded(name, job.state)
    const fields = { target: name, delivery, job: job.id, state: job.state, detail: job.detail }
    if (job.state === 'succeeded') log.info(fields, 'the job ended')
    else log.warn(fields, 'the job did not succeed')
  }

  #failed(error: unknown, stop: AbortSignal): boolean {
    if (!stop.aborted) {
      this.#options.log.warn({ target: this.#options.name, err: error }, 'jobs cannot be looked at; trying again')
    }
    return false
  }
}
