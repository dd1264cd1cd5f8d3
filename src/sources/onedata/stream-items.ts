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

/** Groups of server-sent events, as many as came together. */
export async function* eventsOf(stream: OpenStream): AsyncGenerator<readonly RawEvent[]> {
  let events: RawEvent[] = []
  let oversized = false
  const parser = createParser({
    maxBufferSize: mostLength,
    onEvent: ({ id, event, data }) => events.push({ id, event, data }),
    onError: (error) => {
      if (error.type === 'max-buffer-size-exceeded') oversized = true
    },
  })
  for await (const chunk of stream.chunks) {
    parser.feed(chunk)
    if (oversized) throw new OversizedItem('an event is too long')
    if (events.length === 0) continue
    yield events
    events = []
  }
}

/** Groups of lines, as many as came together. */
export async function* linesOf(stream: OpenStream): AsyncGenerator<readonly string[]> {
  // Joined once for each line: a long one that comes in small pieces would else be copied with each of them.
  let begun: string[] = []
  let length = 0
  for await (const chunk of stream.chunks) {
    const [head = '', ...lines] = chunk.split('\n')
    begun.push(head)
    length += head.length
    if (lines.length > 0) {
      const rest = lines.pop() ?? ''
      const full = [begun.join(''), ...lines].map((line) => line.trim()).filter((line) => line !== '')
      ;[begun, length] = [[rest], rest.length]
      if (full.length > 0) yield full
    }
    if (length > mostLength) throw new OversizedItem('a line is too long')
  }
}
