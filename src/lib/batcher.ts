import type { Clock } from './clock.ts'

export interface BatcherOptions<Item, Result> {
  /** Sends one batch; gives a result for each item, in their order. */
  readonly send: (items: readonly Item[]) => Promise<readonly Result[]>
  readonly clock: Clock
  /** Most items of one batch. */
  readonly most: number
  /** What the items of one batch may weigh together. */
  readonly mostWeight: number
  /** How long the first item waits for others, milliseconds. */
  readonly waitMs: number
}

interface Waiting<Item, Result> {
  readonly item: Item
  readonly weight: number
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}

/** Sends together what is asked for at about the same time. */
export class Batcher<Item, Result> {
  readonly #options: BatcherOptions<Item, Result>
  #waiting: Waiting<Item, Result>[] = []
  #weight = 0
  #cancel: () => void = () => {}

  constructor(options: BatcherOptions<Item, Result>) {
    this.#options = options
  }

  /** Resolves with the item's own result; rejects with what `send` rejects with. */
  add(item: Item, weight: number): Promise<Result> {
    const { most, mostWeight, waitMs, clock } = this.#options
    if (this.#waiting.length > 0 && this.#weight + weight > mostWeight) this.#flush()
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, weight, resolve, reject })
      this.#weight += weight
      if (this.#waiting.length >= most) this.#flush()
      else if (this.#waiting.length === 1) this.#cancel = clock.timer(waitMs, () => this.#flush())
    })
  }

  #flush(): void {
    this.#cancel()
    const batch = this.#waiting
    this.#waiting = []
    this.#weight = 0
    if (batch.length === 0) return
    this.#options.send(batch.map(({ item }) => item)).then(
      (results) => {
        for (const [index, { resolve, reject }] of batch.entries()) {
          const result = results[index]
          if (result === undefined) reject(new Error('a batch came back with fewer results than it had items'))
          else resolve(result)
        }
      },
      (error: unknown) => {
        for (const { reject } of batch) reject(error)
      },
    )
  }
}
