import type { Readable } from 'node:stream'
import { isObject } from '../lib/is-object.ts'
import { badValue, malformed, notInRange, tooLow } from './api-error.ts'
import type { Incoming, Outgoing } from './listener.ts'
import type { Caller } from './tokens.ts'

/** An answer that is complete, or whose body is read from somewhere. */
export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array | Readable
}

/** One request on its way through a route. */
export interface Exchange {
  readonly method: string
  /** Values of `{name}` in the template, decoded. */
  readonly params: Readonly<Record<string, string>>
  /** Segments that `{path...}` stands for, decoded. */
  readonly rest: readonly string[]
  readonly query: URLSearchParams
  /** As it stands behind the question mark. */
  readonly search: string
  readonly request: Incoming
  readonly response: Outgoing
  /** Checks the token, once; null = there is none. Throws 401. */
  caller(): Caller | null
}

/** Null = the route has taken the response over. */
export type Handler = (exchange: Exchange) => Answer | null | Promise<Answer | null>

export interface Route {
  readonly method: string
  /** `/api/v3/oneprovider/data/{id}`; `{path...}` at the end stands for any number of segments. */
  readonly template: string
  readonly handler: Handler
}

/** Most bytes of a JSON body. */
const maxJsonBytes = 8 * 1024 * 1024

export function json(value: unknown, status = 200): Answer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) }
}

export const noContent: Answer = { status: 204 }

/** The whole body. */
export async function readBody(request: Incoming): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    bytes += chunk.length
    if (bytes > maxJsonBytes) throw malformed()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** A JSON body; an empty one is `{}`. Throws 400 `malformedData` for what is no JSON object. */
export async function readJsonObject(request: Incoming): Promise<Readonly<Record<string, unknown>>> {
  const value = parseJson((await readBody(request)).toString() || '{}')
  if (!isObject(value)) throw malformed()
  return value
}

/** Undefined for what is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Parameters from query and body, the query first; checked as the provider checks them. */
export class Params {
  readonly #query: URLSearchParams
  readonly #body: Readonly<Record<string, unknown>>

  constructor(query: URLSearchParams, body: Readonly<Record<string, unknown>> = {}) {
    this.#query = query
    this.#body = body
  }

  has(key: string): boolean {
    return this.#raw(key) !== null
  }

  text(key: string): string | null {
    const value = this.#raw(key)
    if (value === null) return null
    if (typeof value !== 'string') throw badValue('String', key)
    if (value === '') throw badValue('Empty', key)
    return value
  }

  integer(key: string, range: { readonly low: number; readonly high?: number }): number | null {
    const value = this.#raw(key)
    if (value === null) return null
    const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value
    if (typeof number !== 'number' || !Number.isInteger(number)) throw badValue('Integer', key)
    if (range.high !== undefined) {
      if (number < range.low || number > range.high) throw notInRange(key, range.low, range.high)
    } else if (number < range.low) throw tooLow(key, range.low)
    return number
  }

  flag(key: string): boolean | null {
    const value = this.#raw(key)
    if (value === null) return null
    if (value === true || value === 'true') return true
    if (value === false || value === 'false') return false
    throw badValue('Boolean', key)
  }

  /** One value counts as a list of one. */
  list(key: string): readonly string[] | null {
    const repeated = this.#query.getAll(key)
    const value = repeated.length > 0 ? repeated : this.#raw(key)
    if (value === null) return null
    const list: unknown[] = Array.isArray(value) ? value : [value]
    return list.map((item) => {
      if (typeof item !== 'string') throw badValue('ListOfStrings', key)
      return item
    })
  }

  #raw(key: string): unknown {
    return this.#query.get(key) ?? this.#body[key] ?? null
  }
}
