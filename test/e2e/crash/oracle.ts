import { completeEventId, deliveryId } from '../../../src/core/ids.ts'

/** One version of one file. */
export interface Revision {
  readonly fileId: string
  /** Bytes. */
  readonly size: number
  /** Seconds since the epoch. */
  readonly mtime: number
}

/** Whose deliveries these are: part of every id. */
export interface Names {
  readonly trigger: string
  readonly spaceId: string
  readonly target: string
}

/** What came of it all; the lists hold words for people. */
export interface Verdict {
  readonly finished: number
  readonly requests: number
  /** Finished, left alone since, and never told. */
  readonly lost: readonly string[]
  /** Told before they were finished, or never finished at all. */
  readonly early: readonly string[]
  /** Revisions that came under an id other than the one that they must have. */
  readonly twoIds: readonly string[]
  /** Requests that came again. */
  readonly repeats: number
  /** Deliveries in flight at kills, added up. */
  readonly inFlight: number
  /** Repeats of deliveries that were not in flight at so many kills. */
  readonly needless: readonly string[]
}

export function isGood({ lost, early, twoIds, needless }: Verdict): boolean {
  return lost.length + early.length + twoIds.length + needless.length === 0
}

/**
 * Knows what was finished, hears what is told, and compares as it goes. Ids are computed here anew from the revisions. A revision that is replaced or
 * deleted before it was told may come or not: nobody could read it any more. Every other must.
 */
export class Oracle {
  readonly #names: Names
  readonly #finished = new Map<string, string>()
  readonly #owed = new Set<string>()
  readonly #received = new Map<string, number>()
  readonly #inFlight = new Map<string, number>()
  readonly #early: string[] = []
  readonly #twoIds: string[] = []
  #requests = 0
  #inFlightSum = 0

  constructor(names: Names) {
    this.#names = names
  }

  /** This revision is whole from now on. */
  finish(revision: Revision, path: string): void {
    const id = this.#idOf(revision)
    this.#finished.set(id, path)
    if (!this.#received.has(id)) this.#owed.add(id)
  }

  /** It is about to be replaced or deleted. */
  giveUp(revision: Revision): void {
    this.#owed.delete(this.#idOf(revision))
  }

  isTold(revision: Revision): boolean {
    return this.#received.has(this.#idOf(revision))
  }

  hasReceived(id: string): boolean {
    return this.#received.has(id)
  }

  /** The receiver took a request with this `webhook-id`, and this revision and event id in its body. */
  receive(id: string, revision: Revision, eventId = this.#eventIdOf(revision)): void {
    this.#requests += 1
    this.#received.set(id, (this.#received.get(id) ?? 0) + 1)
    this.#owed.delete(id)
    const words = `${revision.fileId.slice(-12)} ${revision.size} ${revision.mtime}`
    if (id !== this.#idOf(revision) || eventId !== this.#eventIdOf(revision)) this.#twoIds.push(words)
    else if (!this.#finished.has(id)) this.#early.push(words)
  }

  /** Deliveries that the store had handed out when the process was killed: those may come once more. */
  noteInFlight(ids: readonly string[]): void {
    this.#inFlightSum += ids.length
    for (const id of ids) this.#inFlight.set(id, (this.#inFlight.get(id) ?? 0) + 1)
  }

  /** Finished, not told yet. */
  get owed(): number {
    return this.#owed.size
  }

  get finished(): number {
    return this.#finished.size
  }

  get requests(): number {
    return this.#requests
  }

  verdict(): Verdict {
    const repeated = [...this.#received].filter(([, times]) => times > 1)
    const path = (id: string) => this.#finished.get(id) ?? id
    return {
      finished: this.#finished.size,
      requests: this.#requests,
      lost: [...this.#owed].map(path),
      early: this.#early,
      twoIds: this.#twoIds,
      repeats: repeated.reduce((sum, [, times]) => sum + times - 1, 0),
      inFlight: this.#inFlightSum,
      needless: repeated.filter(([id, times]) => times - 1 > (this.#inFlight.get(id) ?? 0)).map(([id]) => path(id)),
    }
  }

  #idOf(revision: Revision): string {
    return deliveryId(this.#eventIdOf(revision), this.#names.target)
  }

  #eventIdOf({ fileId, size, mtime }: Revision): string {
    const { trigger, spaceId } = this.#names
    return completeEventId({ trigger, spaceId, fileId, size, mtime })
  }
}
