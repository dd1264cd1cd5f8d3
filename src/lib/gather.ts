import { type Clock, sleep } from './clock.ts'

/** A piece of text, as it came. */
export interface Piece {
  readonly text: string
  /** When it came, by the clock that was given. */
  readonly at: number
}

export interface GatherOptions {
  /** Pieces are handed on together until they have so many characters. */
  readonly together: number
  /** No more is read ahead once so many characters wait. */
  readonly ahead: number
  /** Between two pieces it rests so many times as long as the consumer took for the first, for others want their turn too. */
  readonly rests: number
  /** What waits is handed on within so many milliseconds, where the consumer can: the more there is of it, the shorter are the rests, evenly. */
  readonly patienceMs: number
  readonly clock: Clock
  /** Called when the consumer leaves, early or not; has to end the source. */
  readonly close: () => void
}

/**
 * Hands on together what a source of text gives while its consumer is at work or rests, so that what it is given grows by itself the longer it takes. Reads
 * ahead meanwhile, which also tells how old each piece is. What came before an error is handed on before it is thrown.
 */
export async function* gather(
  source: AsyncIterable<string>,
  { together, ahead, rests, patienceMs, clock, close }: GatherOptions,
): AsyncGenerator<readonly Piece[], void, undefined> {
  const waiting = new Waiting()
  // Aborted when the source has ended, or the consumer has left.
  const over = new AbortController()
  const errors: unknown[] = []
  let [arrived, taken] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const isFull = () => waiting.length >= ahead && !over.signal.aborted
  const read = async () => {
    try {
      for await (const text of source) {
        waiting.add({ text, at: clock.now() })
        arrived.resolve()
        while (isFull()) await taken.promise
        if (over.signal.aborted) return
      }
    } catch (error) {
      errors.push(error)
    }
    over.abort()
    arrived.resolve()
  }
  const rest = async (took: number) => {
    const leftMs = (waiting.oldestAt ?? clock.now()) + patienceMs - clock.now()
    const restMs = Math.min(took * rests, leftMs / Math.max(waiting.length / together, 1))
    if (restMs > 0) await sleep(clock, restMs, over.signal).catch(() => {})
  }
  void read()
  try {
    while (waiting.length > 0 || !over.signal.aborted) {
      if (waiting.length === 0) await arrived.promise
      const next = waiting.take(together)
      taken.resolve()
      ;[arrived, taken] = [Promise.withResolvers(), Promise.withResolvers()]
      if (next.length === 0) continue
      const began = clock.now()
      yield next
      await rest(clock.now() - began)
    }
    for (const error of errors) throw error
  } finally {
    over.abort()
    taken.resolve()
    close()
  }
}

/** Pieces that were read and not yet handed on. */
class Waiting {
  /** Characters. */
  length = 0
  #pieces: Piece[] = []

  /** When the first of them came; undefined = none waits. */
  get oldestAt(): number | undefined {
    return this.#pieces[0]?.at
  }

  add(piece: Piece): void {
    if (piece.text === '') return
    this.#pieces.push(piece)
    this.length += piece.text.length
  }

  /** The first pieces that have so many characters, or all. */
  take(characters: number): readonly Piece[] {
    let [count, length] = [0, 0]
    while (length < characters && count < this.#pieces.length) length += this.#pieces[count++]?.text.length ?? 0
    this.length -= length
    return this.#pieces.splice(0, count)
  }
}
