import type { ExistingPolicy } from '../core/trigger.ts'

/**
 * Files whose last change lies before this are known from the start; null = none are. A provider tells times in whole seconds: what
 * changed within the second of the cut counts as later, for it is better to fire a file too many than to miss one.
 */
export function baselineCut(existing: ExistingPolicy, beganAtMs: number): number | null {
  switch (existing.kind) {
    case 'fire':
      return null
    case 'since':
      return existing.timeMs
    case 'ignore':
      return Math.floor(beganAtMs / 1_000) * 1_000
  }
}
