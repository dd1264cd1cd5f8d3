// What the two threads tell each other, several at once. As tuples: objects take twice as long to be copied.
import type { IncomingHttpHeaders } from 'node:http'
import type { EgressRules } from '../../../lib/egress.ts'
import type { ConnectionPlan } from '../dispatchers.ts'
import type { PlainRequest } from '../exchange.ts'

/** What the thread is given when it starts. */
export interface ThreadData {
  readonly egress: EgressRules
}

/** To the thread. Plans and requests have numbers that are never given twice. */
export type Order =
  | readonly ['open', plan: number, made: ConnectionPlan]
  | readonly ['close', plan: number, breakOff: boolean]
  | Ask
  | readonly ['give up', request: number]

export type Ask = readonly [
  'ask',
  request: number,
  plan: number,
  method: PlainRequest['method'],
  path: string,
  headers: PlainRequest['headers'],
  body: string | undefined,
  leftMs: number,
  mostBytes: number,
]

/** From the thread: one for each `ask`. */
export type Report = Answer | Failure

/** A body of null is empty. */
export type Answer = readonly [
  'answer',
  request: number,
  status: number,
  headers: IncomingHttpHeaders,
  body: Uint8Array | null,
  isWhole: boolean,
]

/** A code of null: a defect; the text is its stack. */
export type Failure = readonly ['failure', request: number, code: string | null, text: string]
