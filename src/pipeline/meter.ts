import type { Rung } from '../core/event.ts'
import type { ObservedBy } from '../core/observation.ts'
import type { PendingPhase } from './pending-files.ts'

/** Counts what a pipeline does; a shell maps it to metrics. Triggers are named as configured. */
export interface PipelineMeter {
  /** The store is asked for something (1), or has answered (-1): for those who want to know whether something is under way. */
  underWay?(more: 1 | -1): void
  /** Observations taken in, by how they came. */
  observed(source: string, by: ObservedBy, count: number): void
  /** Files of a trigger that are in this phase now. */
  pending(trigger: string, phase: PendingPhase, count: number): void
  /** A revision was complete. */
  fired(trigger: string, rung: Rung): void
  /** A file changed so soon after firing that it had not been complete. */
  premature(trigger: string): void
  /** A file stopped growing without its evidence. */
  stalled(trigger: string): void
}

export const silentPipelineMeter: PipelineMeter = {
  observed: () => {},
  pending: () => {},
  fired: () => {},
  premature: () => {},
  stalled: () => {},
}
