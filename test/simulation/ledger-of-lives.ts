import type { FileEvent } from '../../src/core/event.ts'
import { completeEventId, deliveryId } from '../../src/core/ids.ts'

export interface Version {
  readonly fileId: string
  readonly size: number
  readonly mtime: number
}

interface Life {
  /** What is still to be reported: by delivery id, when it was finished. */
  readonly owed: Map<string, number>
  /** Ids that were received. */
  readonly received: Set<string>
  isDeleted: boolean
}

const mostProblems = 20

/** What was finished and what was received, kept only as long as a file is of interest: a million of them leave nothing behind. */
export class LedgerOfLives {
  readonly #names: { readonly trigger: string; readonly spaceId: string; readonly target: string }
  readonly #lives = new Map<string, Life>()
  readonly problems: string[] = []
  finished = 0
  received = 0
  lives = 0

  constructor(names: { readonly trigger: string; readonly spaceId: string; readonly target: string }) {
    this.#names = names
  }

  /** Files that are not through with yet. */
  get open(): number {
    return this.#lives.size
  }

  /** Delivery ids that are still to be received. */
  get owed(): readonly string[] {
    return [...this.#lives.values()].flatMap((life) => [...life.owed.keys()])
  }

  noteFinished(version: Version, at: number): void {
    const life = this.#lives.get(version.fileId) ?? { owed: new Map(), received: new Set(), isDeleted: false }
    this.#lives.set(version.fileId, life)
    const id = deliveryId(completeEventId({ ...this.#names, ...version }), this.#names.target)
    if (life.owed.has(id) || life.received.has(id)) return
    life.owed.set(id, at)
    this.finished += 1
  }

  noteDeleted(fileId: string): void {
    const life = this.#lives.get(fileId)
    if (life === undefined) return
    life.isDeleted = true
    this.#endOf(fileId, life)
  }

  noteReceived(event: FileEvent, id: string): void {
    this.received += 1
    const life = this.#lives.get(event.fileId)
    const problem = problemOf(event, id, life)
    if (problem !== null) this.#problem(`${event.path}, ${id}: ${problem}`)
    if (life === undefined) return
    life.owed.delete(id)
    life.received.add(id)
    this.#endOf(event.fileId, life)
  }

  /** Told at the end: what was never received. */
  close(): void {
    for (const [fileId, { owed }] of this.#lives) {
      if (owed.size > 0) this.#problem(`${fileId}: ${owed.size} versions were never received`)
    }
  }

  #endOf(fileId: string, { owed, isDeleted }: Life): void {
    if (!isDeleted || owed.size > 0) return
    this.#lives.delete(fileId)
    this.lives += 1
  }

  #problem(text: string): void {
    if (this.problems.length < mostProblems) this.problems.push(text)
  }
}

function problemOf({ eventTime }: FileEvent, id: string, life: Life | undefined): string | null {
  if (life === undefined) return 'received, and nothing of the file is owed: again, or never finished'
  if (life.received.has(id)) return 'received twice'
  const finishedAt = life.owed.get(id)
  if (finishedAt === undefined) return 'no version that was ever finished'
  return eventTime < finishedAt ? `decided ${finishedAt - eventTime} ms early` : null
}
