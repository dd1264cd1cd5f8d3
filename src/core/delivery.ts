import type { Event } from './event.ts'

/** What one attempt came to. The dispatcher decides on this alone and never looks into exceptions (DESIGN 8). */
export type Outcome =
  | { readonly kind: 'delivered'; readonly answer?: Answer; readonly job?: Job }
  /** It may work later: the schedule decides when. */
  | {
      readonly kind: 'retry'
      readonly reason: string
      readonly retryAfterMs?: number
      /** The target asks for fewer attempts (429, throttling): all of its deliveries slow down. */
      readonly throttled?: boolean
      /** We broke it off ourselves, and the next attempt goes on where it was: it is made at once, and this one uses up nothing. */
      readonly resumes?: boolean
      readonly answer?: Answer
    }
  /** This event will never be taken: dead letter at once. */
  | { readonly kind: 'rejected'; readonly reason: string; readonly answer?: Answer }
  /** The target as a whole does not work: its deliveries wait and use up nothing. */
  | {
      readonly kind: 'unavailable'
      readonly reason: string
      readonly retryAfterMs?: number
      /** The target asked not to be sent anything any more: it is taken out of service until a person puts it back. */
      readonly disable?: boolean
      readonly answer?: Answer
    }

/** What the receiver said, capped. */
export interface Answer {
  readonly status: number
  /** At most 1 KiB of the body. */
  readonly body: string
}

/** `unknown`: the target forgot the job before it was seen to end. The last three are final. */
export type JobState = 'submitted' | 'running' | 'succeeded' | 'failed' | 'unknown'

/** Characters of a job's detail. */
export const mostDetail = 1_024

/** Work that a delivery started in the target (AWS Batch, OSCAR), as it was last seen. */
export interface Job {
  /** The target's own id. */
  readonly id: string
  readonly state: JobState
  /** The target's own words: its name of the state, and why the job ended; at most `mostDetail` characters. */
  readonly detail: string
  /** Where its output can be read: a log stream, a URL. */
  readonly log?: string
  /** When it was last looked at, milliseconds since the epoch. */
  readonly seenAt: number
}

/** Whether nothing more will become of the job. */
export function hasEnded(job: Job): boolean {
  return job.state === 'succeeded' || job.state === 'failed' || job.state === 'unknown'
}

/** owed: waits or is in flight. dead: given up, kept for replay. discarded: a person said so. */
export type DeliveryState = 'owed' | 'delivered' | 'dead' | 'discarded'

/** One event for one target. */
export interface Delivery {
  readonly id: string
  readonly target: string
  readonly event: Event
  readonly state: DeliveryState
  /** Attempts begun, the one in flight included. Counted before the request is sent. */
  readonly attempts: number
  /** When it may be tried, milliseconds since the epoch. */
  readonly nextAt: number
  readonly createdAt: number
  /** When the last attempt ended, milliseconds since the epoch; null = never. */
  readonly lastAttemptAt: number | null
  readonly lastReason: string | null
  readonly lastAnswer: Answer | null
  /** What it started, where the target tells. */
  readonly job: Job | null
}

/** A delivery handed out for one attempt. */
export interface ClaimedDelivery {
  readonly id: string
  readonly target: string
  readonly event: Event
  /** 1 for the first. */
  readonly attempt: number
  readonly createdAt: number
  /** Whether an attempt has ended before, be it one that is not counted any more (a replay begins anew); absent = none has. */
  readonly wasTried?: true
}

/** What the dispatcher made of an attempt; the store only writes it down. */
export type Settlement =
  | {
      readonly id: string
      readonly kind: 'delivered'
      readonly at: number
      readonly answer: Answer | null
      readonly job: Job | null
    }
  | {
      readonly id: string
      readonly kind: 'dead'
      readonly at: number
      readonly reason: string
      readonly answer: Answer | null
    }
  /** Owed again at `nextAt`. `countAttempt: false` takes the attempt back (the target as a whole was down, or it was never sent). */
  | {
      readonly id: string
      readonly kind: 'again'
      readonly at: number
      readonly nextAt: number
      readonly countAttempt: boolean
      readonly reason: string
      readonly answer: Answer | null
    }

/** When attempts are made. */
export interface RetryPolicy {
  /** Delays after the first, second... failure, milliseconds; the last one repeats. */
  readonly delaysMs: readonly number[]
  /** When the waits of a delivery would add up to more than this, it is a dead letter. Time that its target was away does not count. */
  readonly maxAgeMs: number
  /** Each delay is multiplied by 1 ± jitter. */
  readonly jitter: number
  /** A receiver's Retry-After counts up to this. */
  readonly retryAfterCapMs: number
}
