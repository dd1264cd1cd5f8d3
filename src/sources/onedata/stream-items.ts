import { createParser } from 'eventsource-parser'
import type { OpenStream } from './stream-connection.ts'

/** One event of the events stream, as it came. */
export interface RawEvent {
  readonly id: string | undefined
  readonly event: string | undefined
  readonly data: string
}

/** A line or block longer than this is no change of a file: the stream is cut and everything listed again. */
const mostLength = 1_048_576

/** Thrown into the loop when the stream cannot be understood any further. */
export class OversizedItem extends Error {}

/** Items of a stream that came together. */
export interface Arrived<Item> {
  readonly items: readonly Item[]
  /** When the last of them came, by our clock. */
  readonly at: number
}

/** Groups of server-sent events, as many as came together. */
export async function* eventsOf(stream: OpenStream): AsyncGenerator<Arrived<RawEvent>> {
  let events: RawEvent[] = []
  let oversized = false
  const parser = createParser({
    maxBufferSize: mostLength,
    onEvent: ({ id, event, data }) => events.push({ id, event, data }),
    onError: (error) => {
      if (error.type === 'max-buffer-size-exceeded') oversized = true
    },
  })
  for await (const { text, at } of stream.chunks) {
    parser.feed(text)
    if (oversized) throw new OversizedItem('an event is too long')
    if (events.length === 0) continue
    yield { items: events, at }
    events = []
  }
}

/** Groups of lines, as many as came together. */
export async function* linesOf(stream: OpenStream): AsyncGenerator<Arrived<string>> {
  // Joined once for each line: a long one that comes in small pieces would else be copied with each of them.
  let begun: string[] = []
  let length = 0
  for await (const { text, at } of stream.chunks) {
    const [head = '', ...lines] = text.split('\n')
    begun.push(head)
    length += head.length
    if (lines.length > 0) {
      const rest = lines.pop() ?? ''
      const full = [begun.join(''), ...lines].map((line) => line.trim()).filter((line) => line !== '')
      ;[begun, length] = [[rest], rest.length]
      if (full.length > 0) yield { items: full, at }
    }
    if (length > mostLength) throw new OversizedItem('a line is too long')
  }
}
