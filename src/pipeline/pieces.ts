import type { WatchBatch } from '../core/source.ts'

/** Observations worked on together: enough to share a commit, few enough that reads and other triggers' files need not wait long for their turn. */
export const mostTogether = 1_000

/**
 * A batch as smaller ones, in order. A page of a listing holds 10,000 files: worked on as one they would all be in memory ten times over, and hold up
 * everything else until they are stored. A mark goes with the first piece, the cursor with the last, behind all that it covers.
 */
export function inPieces(batch: WatchBatch): readonly WatchBatch[] {
  const { observations, ats, cursor, mark, ...rest } = batch
  if (observations.length <= mostTogether) return [batch]
  const count = Math.ceil(observations.length / mostTogether)
  const part = <T>(list: readonly T[], index: number) => list.slice(index * mostTogether, (index + 1) * mostTogether)
  return Array.from({ length: count }, (_, index) => ({
    ...rest,
    observations: part(observations, index),
    ...(ats === undefined ? {} : { ats: part(ats, index) }),
    ...(index === 0 && mark !== undefined ? { mark } : {}),
    ...(index === count - 1 && cursor !== undefined ? { cursor } : {}),
  }))
}
