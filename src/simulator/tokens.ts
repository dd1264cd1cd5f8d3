import type { Clock } from '../lib/clock.ts'
import type { Random } from '../lib/random.ts'
import { type ApiErrorFacts, caveatError, unauthorized } from './api-error.ts'
import { randomHex } from './model/file-ids.ts'

/** What a token lets its bearer do. */
export interface TokenGrant {
  /** Seconds since the epoch after which it counts no more; null = never. */
  readonly validUntil?: number | null
  /** Whether its user is a member of the spaces. */
  readonly member?: boolean
  /** Whether its user has `space_view_changes_stream`. */
  readonly changesStream?: boolean
  /** Caveat `data.readonly`. */
  readonly readonly?: boolean
  /** Caveat `data.path`: paths like `/<spaceId>/dir`. */
  readonly paths?: readonly string[]
  /** Caveat `data.objectid`: file ids. */
  readonly objectIds?: readonly string[]
  /** Caveat `api`: operations like `op-worker/create/op_space.*.file_events` that alone are allowed. */
  readonly api?: readonly string[]
}

/** Whoever stands behind a request; a stream keeps it, so it tells what holds at this moment. */
export interface Caller {
  readonly grant: TokenGrant
  /** Whether the token still counts. */
  counts(): boolean
}

type State = 'valid' | 'revoked' | 'invalid'

interface Known {
  grant: TokenGrant
  state: State
  /** The last verdict, and until when it is believed. */
  verdict: Omit<ApiErrorFacts, 'status'> | null
  believedUntil: number
}

/**
 * The tokens that exist. A verdict on one is kept for `authCacheMs`, as providers do: a revocation or an end shows that much later.
 */
export class Tokens {
  readonly #clock: Clock
  readonly #random: Random
  readonly #cacheMs: number
  readonly #known = new Map<string, Known>()

  constructor(options: { readonly clock: Clock; readonly random: Random; readonly authCacheMs: number }) {
    this.#clock = options.clock
    this.#random = options.random
    this.#cacheMs = options.authCacheMs
  }

  /** Makes a token (or takes the text that is given). Without a grant it may do everything, for ever. */
  issue(grant: TokenGrant = {}, text = `simulated-${randomHex(this.#random, 40)}`): string {
    this.#known.set(text, { grant, state: 'valid', verdict: null, believedUntil: Number.NEGATIVE_INFINITY })
    return text
  }

  /** From now on it is refused as revoked. */
  revoke(text: string): void {
    this.#set(text, 'revoked')
  }

  /** From now on it is refused as not valid (any more). */
  invalidate(text: string): void {
    this.#set(text, 'invalid')
  }

  /** Lets it do something else from now on: its user has lost a privilege, say. */
  regrant(text: string, grant: TokenGrant): void {
    const known = this.#known.get(text)
    if (known !== undefined) known.grant = grant
  }

  /** Takes a revocation back. */
  restore(text: string): void {
    this.#set(text, 'valid')
  }

  /** Who calls; null = nobody, there was no token. Throws 401 for a token that does not count. */
  authenticate(text: string | null): Caller | null {
    if (text === null) return null
    const known = this.#known.get(text)
    const error = known === undefined ? badToken : this.#believed(known)
    if (error !== null || known === undefined) throw unauthorized(error ?? badToken)
    return {
      get grant() {
        return known.grant
      },
      counts: () => this.#believed(known) === null,
    }
  }

  /** As `authenticate`, without the cache: what Onezone says. Null where it counts. */
  problemOf(text: string): Omit<ApiErrorFacts, 'status'> | null {
    const known = this.#known.get(text)
    return known === undefined ? badToken : this.#judge(known)
  }

  grantOf(text: string): TokenGrant {
    return this.#known.get(text)?.grant ?? {}
  }

  #set(text: string, state: State): void {
    const known = this.#known.get(text)
    if (known !== undefined) known.state = state
  }

  #believed(known: Known): Omit<ApiErrorFacts, 'status'> | null {
    const now = this.#clock.now()
    if (now >= known.believedUntil) {
      known.verdict = this.#judge(known)
      known.believedUntil = now + this.#cacheMs
    }
    return known.verdict
  }

  #judge({ state, grant }: Known): Omit<ApiErrorFacts, 'status'> | null {
    if (state === 'revoked') return { id: 'tokenRevoked', description: 'Provided token has been revoked.' }
    if (state === 'invalid') return { id: 'tokenInvalid', description: 'Provided token is not valid.' }
    const validUntil = grant.validUntil ?? null
    if (validUntil === null || this.#clock.now() < validUntil * 1_000) return null
    const end = new Date(validUntil * 1_000).toISOString()
    return caveatError({ type: 'time', validUntil }, `this token has expired at '${end}'`)
  }
}

const badToken = { id: 'badToken', description: 'Provided token could not be understood by the server.' }
