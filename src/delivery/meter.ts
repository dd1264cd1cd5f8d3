import type { Outcome } from '../core/delivery.ts'

/** Counts deliveries; a shell maps it to metrics. Targets are named as configured. */
export interface DeliveryMeter {
  /** One attempt ended. */
  attempted(target: string, outcome: Outcome['kind'], durationMs: number): void
  /** A delivery was given up. */
  dead(target: string): void
  /** Attempts under way now. */
  inFlight(target: string, count: number): void
}

export const silentDeliveryMeter: DeliveryMeter = {
  attempted: () => {},
  dead: () => {},
  inFlight: () => {},
}
