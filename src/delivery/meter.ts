import type { JobState, Outcome } from '../core/delivery.ts'

/** Counts deliveries; a shell maps it to metrics. Targets are named as configured. */
export interface DeliveryMeter {
  /** One attempt ended. */
  attempted(target: string, outcome: Outcome['kind'], durationMs: number): void
  /** A delivery was given up. */
  dead(target: string): void
  /** A job that a delivery started came to its end. */
  jobEnded(target: string, state: JobState): void
  /** An attempt began (1), or ended (-1): after a reload there are two who count for one target. */
  inFlight(target: string, more: 1 | -1): void
}

export const silentDeliveryMeter: DeliveryMeter = {
  attempted: () => {},
  dead: () => {},
  jobEnded: () => {},
  inFlight: () => {},
}
