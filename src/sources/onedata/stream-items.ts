import { createParser } from 'eventsource-parser'
import type { Piece } from '../../lib/gather.ts'
import type { OpenStream } from './stream-connection.ts'

/** One event of the events stream, as it came. */
export interface RawEvent {
  readonly id: string | undefined
  readonly event: string | undefined
  readonly data: string
}

/** A line or block longer than this is no change of a file. */
const mostLength = 1_048_576
/** Of a longer line so much is handed on, which nobody can decode. The stream goes on behind it, for it would come again wherever that is opened. */
const headLength = 4_096
/** Beyond this it has no end: the stream is cut. */
const mostPassedOver = 16 * mostLength

/** Thrown into the loop when the stream cannot be understood any further. */
export class OversizedItem extends Error {}

/** One item of a stream. */
export interface Arrived<Item> {
  readonly item: Item
  /** When the last of it came, by our clock. */
  readonly at: number
}

/** Groups of server-sent events that are worked on together. */
export async function* eventsOf(stream: OpenStream): AsyncGenerator<readonly Arrived<RawEvent>[]> {
  let events: Arrived<RawEvent>[] = []
  let [oversized, now] = [false, 0]
  const parser = createParser({
    maxBufferSize: mostLength,
    onEvent: ({ id, event, data }) => events.push({ item: { id, event, data }, at: now }),
    onError: (error) => {
      if (error.type === 'max-buffer-size-exceeded') oversized = true
    },
  })
  for await (const pieces of stream.chunks) {
    for (const { text, at } of pieces) {
      now = at
      parser.feed(text)
      if (oversized) throw new OversizedItem('an event is too long')
    }
    if (events.length === 0) continue
    yield events
    events = []
  }
}

/** Groups of lines that are worked on together. */
export async function* linesOf(stream: OpenStream): AsyncGenerator<readonly Arrived<string>[]> {
  // Joined once for each line: a long one that comes in small pieces would else be copied with each of them.
  let begun: string[] = []
  let [length, passedOver] = [0, 0]
  const linesIn = ({ text, at }: Piece): readonly Arrived<string>[] => {
    const [head = '', ...lines] = text.split('\n')
    begun.push(head)
    length += head.length
    if (lines.length === 0) return []
    const rest = lines.pop() ?? ''
    const full = [begun.join(''), ...lines].map((line) => line.trim()).filter((line) => line !== '')
    ;[begun, length, passedOver] = [[rest], rest.length, 0]
    return full.map((item) => ({ item, at }))
  }
  for await (const pieces of stream.chunks) {
    const lines = pieces.flatMap(linesIn)
    if (lines.length > 0) yield lines
    if (length <= mostLength) continue
    passedOver += length
    // No text of JSON has such a character: it must not look like a whole one by chance.
    begun = [`${begun.join('').slice(0, headLength)}\u0000`]
    length = headLength
    if (passedOver > mostPassedOver) throw new OversizedItem('a line is too long')
  }
}
