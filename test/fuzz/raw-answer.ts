import type { Socket } from 'node:net'
import fc from 'fast-check'
import { asText, junk, mutated, mutations, texts } from './junk.ts'

/** An answer as its bytes go out: what no HTTP server would send, too. */
export interface RawAnswer {
  readonly status: number
  readonly headers: readonly (readonly [string, string])[]
  readonly body: RawBody
  /** How it ends; `cut` promises more than comes. */
  readonly end: 'whole' | 'cut' | 'reset'
}

type RawBody =
  /** The answer that was expected, changed like this. */
  | { readonly kind: 'mutated'; readonly changes: Parameters<typeof mutated>[1] }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'bytes'; readonly bytes: readonly number[] }
  | { readonly kind: 'long'; readonly length: number }

const tokens = fc.constantFrom(
  'retry-after',
  'content-type',
  'content-length',
  'transfer-encoding',
  'content-encoding',
  'connection',
  'location',
  'date',
  'x-amzn-errortype',
  'x-amzn-requestid',
  'x-amzn-query-error',
  'x-amz-function-error',
  'www-authenticate',
  'set-cookie',
  'upgrade',
  '__proto__',
  'x y',
  '',
)

const values = fc.oneof(
  { weight: 2, arbitrary: texts },
  {
    weight: 5,
    arbitrary: fc.constantFrom(
      '0',
      '-1',
      '3',
      '1e400',
      'NaN',
      '99999999999999999999',
      'Fri, 31 Dec 9999 23:59:59 GMT',
      'chunked',
      'gzip',
      'br, gzip',
      'close',
      'keep-alive, upgrade',
      'application/json',
      'application/cbor',
      'text/event-stream',
      'text/html; charset=utf-7',
      'ThrottlingException',
      'ThrottlingException:http://internal.amazon.com/',
      'http://169.254.169.254/',
      'y'.repeat(20_000),
    ),
  },
)

export const headers = fc.array(fc.tuple(tokens, values), { maxLength: 4 })

/** The statuses that mean something to somebody, and any number. */
export const statuses = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(200, 200, 201, 202, 204, 400, 401, 403, 404, 410, 413, 422, 429) },
  { weight: 4, arbitrary: fc.constantFrom(100, 101, 103, 206, 301, 304, 307, 408, 500, 500, 502, 503, 504) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 1_200 }) },
)

const bodies: fc.Arbitrary<RawBody> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('mutated' as const), changes: mutations }) },
  { weight: 1, arbitrary: texts.map((text) => ({ kind: 'text' as const, text })) },
  { weight: 1, arbitrary: junk.map((value) => ({ kind: 'text' as const, text: asText(value) })) },
  {
    weight: 1,
    arbitrary: fc.uint8Array({ maxLength: 30 }).map((bytes) => ({ kind: 'bytes' as const, bytes: [...bytes] })),
  },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 1_000, max: 200_000 }).map((length) => ({ kind: 'long' as const, length })),
  },
)

export const rawAnswers: fc.Arbitrary<RawAnswer> = fc.record({
  status: statuses,
  headers,
  body: bodies,
  end: fc.constantFrom('whole', 'whole', 'whole', 'whole', 'cut', 'reset'),
})

/** Head of an answer. The end of lines inside a value is what an attacker would put there, and stays. */
export function headOf({ status, headers: given }: Pick<RawAnswer, 'status' | 'headers'>): Buffer {
  const lines = given.map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`HTTP/1.1 ${status} Whatever\r\n${lines.join('')}\r\n`, 'utf8')
}

/** Sends the answer and hangs up. `expected` is what would be right here. */
export function sendRaw(socket: Socket, answer: RawAnswer, expected: unknown): void {
  const body = bytesOf(answer.body, expected)
  const isCut = answer.end === 'cut'
  const length: readonly (readonly [string, string])[] = isCut ? [['content-length', String(body.length + 10)]] : []
  socket.write(headOf({ ...answer, headers: [...length, ...answer.headers] }))
  socket.write(body, () => {
    if (answer.end === 'reset') socket.resetAndDestroy()
    else socket.end()
  })
}

function bytesOf(body: RawBody, expected: unknown): Buffer {
  switch (body.kind) {
    case 'mutated':
      return Buffer.from(mutated(expected, body.changes), 'utf8')
    case 'text':
      return Buffer.from(body.text, 'utf8')
    case 'bytes':
      return Buffer.from(body.bytes)
    case 'long':
      return Buffer.alloc(body.length, 'y')
  }
}
