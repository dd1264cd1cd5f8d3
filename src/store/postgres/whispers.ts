import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import type { Database } from './database.ts'

/** What one process has to say soon is said once. (Each NOTIFY is a commit that waits for the other ones of the whole database.) */
const gatherMs = 20

/** Processes tell each other, by LISTEN and NOTIFY, that there is something to deliver. What is not heard is only found later. */
export class Whispers {
  readonly #channel: string
  readonly #member: string
  readonly #options: { readonly database: Database; readonly clock: Clock; readonly log: Log }
  #heard = 1
  #hear: () => void = () => {}
  #gathering: Promise<void> | null = null
  #said: Promise<void> = Promise.resolve()
  #tellNow: () => void = () => {}

  constructor(
    channel: string,
    member: string,
    options: { readonly database: Database; readonly clock: Clock; readonly log: Log },
  ) {
    this.#channel = channel
    this.#member = member
    this.#options = options
  }

  listen(): Promise<void> {
    return this.#options.database.listen(this.#channel, (payload) => {
      if (payload !== this.#member) this.hear()
    })
  }

  /** There may be something to deliver. */
  hear(): void {
    this.#heard += 1
    this.#hear()
  }

  /** Resolves with another number than `known` once something was heard, or after `mostMs`; with `known` when the signal aborts. */
  heardSince(known: number, mostMs: number, signal: AbortSignal): Promise<number> {
    if (this.#heard !== known || signal.aborted) return Promise.resolve(signal.aborted ? known : this.#heard)
    return new Promise((resolve) => {
      const done = () => {
        cancel()
        signal.removeEventListener('abort', done)
        this.#hear = () => {}
        resolve(signal.aborted ? known : this.#heard)
      }
      const cancel = this.#options.clock.timer(mostMs, () => this.hear())
      this.#hear = done
      signal.addEventListener('abort', done, { once: true })
    })
  }

  /** Tells the others soon. */
  tell(): void {
    this.#gathering ??= this.#gather()
  }

  /** Says what is still to be said. */
  async close(): Promise<void> {
    this.#tellNow()
    await this.#gathering
    await this.#said
  }

  async #gather(): Promise<void> {
    const { clock } = this.#options
    await new Promise<void>((resolve) => {
      const cancel = clock.timer(gatherMs, resolve)
      this.#tellNow = () => {
        cancel()
        resolve()
      }
    })
    this.#tellNow = () => {}
    // One at a time: what is told of meanwhile is said with the next one.
    await this.#said
    // Before it is said: who hears this may look before there is anything of what is told of from here on.
    this.#gathering = null
    this.#said = this.#say()
  }

  async #say(): Promise<void> {
    const { database, log } = this.#options
    await database
      .query('SELECT pg_notify($1, $2)', [this.#channel, this.#member])
      .catch((error: unknown) => log.debug({ err: error }, 'the others could not be told of new deliveries'))
  }
}
