import type { JobState, Outcome } from '../core/delivery.ts'

/** Counts deliveries; a shell maps it to metrics. Targets are named as configured. */
export interface DeliveryMeter {
  /** One attempt ended. */
  attempted(target: string, outcome: Outcome['kind'], durationMs: number): void
  /** A delivery was given up. */
  dead(target: string): void
  /** A job that a delivery started came to its end. */
  jobEnded(target: string, state: JobState): void
  /** Attempts under way now. */
  inFlight(target: string, count: number): void
}

export const silentDeliveryMeter: DeliveryMeter = {
  attempted: () => {},
  dead: () => {},
  jobEnded: () => {},
  inFlight: () => {},
}
