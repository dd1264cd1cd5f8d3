import { completeEventId, deliveryId } from '../core/ids.ts'

/** A revision that a scenario finished: it must be delivered, exactly once, and not before. */
export interface FinishedRevision {
  readonly path: string
  readonly fileId: string
  /** Bytes. */
  readonly size: number
  /** Seconds since the epoch. */
  readonly mtime: number
  /** When the last byte was written, milliseconds since the epoch. */
  readonly finishedAt: number
}

/** One request that the receiver accepted. */
export interface ReceivedDelivery {
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly at: number
  /** What the body called it, for people. */
  readonly key: string
}

export interface Verdict {
  readonly delivered: number
  /** Paths of finished revisions that never came. */
  readonly lost: readonly string[]
  /** Keys of requests for something that was never finished, or not yet. */
  readonly early: readonly string[]
  /** Keys of requests that came again although the first was accepted. */
  readonly doubled: readonly string[]
}

/**
 * Compares what a scenario finished with what a receiver got. The ids are computed here anew from the revisions, so that a wrong id shows as both
 * lost and early.
 */
export function judge(
  finished: readonly FinishedRevision[],
  received: readonly ReceivedDelivery[],
  names: { readonly trigger: string; readonly spaceId: string; readonly target: string },
): Verdict {
  const expected = new Map(
    finished.map((revision) => {
      const { fileId, size, mtime } = revision
      const eventId = completeEventId({ trigger: names.trigger, spaceId: names.spaceId, fileId, size, mtime })
      return [deliveryId(eventId, names.target), revision] as const
    }),
  )
  const arrived = new Set<string>()
  const doubled: string[] = []
  for (const { id, key } of received) {
    if (arrived.has(id)) doubled.push(key)
    arrived.add(id)
  }
  return {
    delivered: arrived.size,
    lost: [...expected].filter(([id]) => !arrived.has(id)).map(([, revision]) => revision.path),
    early: received
      .filter(({ id, at }) => at < (expected.get(id)?.finishedAt ?? Number.POSITIVE_INFINITY))
      .map(({ key }) => key),
    doubled,
  }
}
