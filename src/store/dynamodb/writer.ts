import { randomUUID } from 'node:crypto'
import { StoreError } from '../../core/errors.ts'
import { Mirror, type StoredRow } from './mirror.ts'
import type { Session } from './session.ts'
import type { Op } from './shelf.ts'
import { chunksOf, type Unit } from './units.ts'
import { type Head, layout, Moved, type Wire } from './wire.ts'

/** What a piece of work comes to: writes in an order in which any first part of them is right, and its answer once all are durable. */
export interface Plan<T> {
  readonly units: readonly Unit[]
  readonly result: T
}

/** Works out what to write from what there is. Made again where somebody else wrote meanwhile. */
export type Planner<T> = (mirror: Mirror) => Plan<T> | Promise<Plan<T>>

const mostTries = 10

/**
 * Carries out one piece of work after the other. Each transaction moves the head on by one, from the very write that the mirror shows: so what was decided
 * upon is what is in the table, whoever else writes, and a writer that was replaced writes nothing.
 */
export class Writer {
  readonly mirror: Mirror
  /** Called for each write once it is durable. */
  onDurable: (op: Op) => void = () => {}
  /** Called when others were seen to have written. */
  onOthers: () => void = () => {}
  readonly #wire: Wire
  readonly #session: Session | null
  #isStale: boolean
  #tail: Promise<unknown> = Promise.resolve()

  /** A `mirror` of earlier is good while the head names the same write. Without a session the table is read anew for each piece of work. */
  constructor(wire: Wire, session: Session | null, mirror: Mirror | null) {
    this.#wire = wire
    this.#session = session
    this.mirror = mirror ?? new Mirror()
    this.#isStale = mirror === null
  }

  run<T>(planner: Planner<T>): Promise<T> {
    const done = this.#tail.then(() => this.#carryOut(planner))
    this.#tail = done.catch(() => {})
    return done
  }

  /** What is durable; costs a request only where that is not known. */
  async current(): Promise<Mirror> {
    if (this.#isStale || this.#session === null) await this.run(() => ({ units: [], result: null }))
    this.#heldEpoch()
    return this.mirror
  }

  /** The head was seen; what it does not know of is read before the next work. */
  heed({ lastWrite, version }: Head): void {
    if (this.#isStale || (lastWrite === this.mirror.lastWrite && version === this.mirror.version)) return
    this.#isStale = true
    this.onOthers()
  }

  /** Resolves when all work so far has ended. */
  async idle(): Promise<void> {
    await this.#tail
  }

  /** Whether the mirror shows what is in the table. */
  get isFresh(): boolean {
    return !this.#isStale
  }

  async #carryOut<T>(planner: Planner<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      this.#heldEpoch()
      if (this.#isStale || this.#session === null) await this.#load()
      const { units, result } = await planner(this.mirror)
      if (await this.#isWritten(units)) return result
      if (tries === mostTries) throw this.#busy()
      if (this.#session !== null) this.onOthers()
    }
  }

  /** False where somebody else wrote meanwhile: then what follows is to be worked out anew. */
  async #isWritten(units: readonly Unit[]): Promise<boolean> {
    try {
      for (const ops of chunksOf(units)) await this.#transact(ops)
      return true
    } catch (error) {
      if (error instanceof Moved) return false
      throw error
    }
  }

  async #transact(ops: readonly Op[]): Promise<void> {
    const epoch = this.#heldEpoch()
    const { version } = this.mirror
    const lastWrite = randomUUID()
    const held = this.#session === null || epoch === null ? null : { epoch, until: this.#session.until }
    try {
      await this.#wire.transact({ version, lastWrite, held }, ops, (op) => this.mirror.expected(op))
    } catch (error) {
      if (!(await this.#wasDone(lastWrite))) throw error
    }
    this.mirror.version = version + 1
    this.mirror.lastWrite = lastWrite
    for (const op of ops) {
      this.mirror.apply(op, version + 1)
      this.onDurable(op)
    }
  }

  /** A request whose answer was lost may have been carried out: the head tells, for each transaction leaves its name there. */
  async #wasDone(lastWrite: string): Promise<boolean> {
    this.#isStale = true
    const head = await this.#wire.head().catch(() => null)
    if (head === null) return false
    if (head.lastWrite === lastWrite) {
      this.#isStale = false
      return true
    }
    if (this.#session !== null && head.epoch !== this.#session.epoch) throw this.#fenced()
    return false
  }

  async #load(): Promise<void> {
    for (let tries = 1; ; tries++) {
      const { rows, head, isOneMoment } = await this.#wire.open()
      if (isOneMoment) return this.#accept(head, rows)
      if (tries === mostTries) throw this.#busy()
    }
  }

  #accept(head: Head | null, rows: readonly StoredRow[]): void {
    if (head !== null && head.minReader > layout) {
      throw new StoreError(
        'STORE_NEWER_SCHEMA',
        `The table ${this.#wire.table} was written by a newer version: use that, or another table.`,
      )
    }
    if (this.#session !== null && head?.epoch !== this.#session.epoch) throw this.#fenced()
    this.mirror.replace(rows)
    this.mirror.version = head?.version ?? 0
    this.mirror.lastWrite = head?.lastWrite ?? ''
    this.#isStale = false
  }

  /** Null beside a holder. */
  #heldEpoch(): number | null {
    if (this.#session === null) return null
    if (this.#session.epoch === null) throw this.#fenced()
    return this.#session.epoch
  }

  #fenced(): StoreError {
    this.#session?.lose()
    return new StoreError('STORE_FENCED', `Another process has taken over the table ${this.#wire.table}.`)
  }

  #busy(): StoreError {
    return new StoreError('STORE_FAILED', `The table ${this.#wire.table} is written by others all the time.`)
  }
}
