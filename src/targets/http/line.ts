import type { Dispatcher } from 'undici'
import type { Egress } from '../../lib/egress.ts'
import { type ConnectionPlan, openDispatcher } from './dispatchers.ts'
import { type Answered, type Bounds, exchange, type PlainRequest } from './exchange.ts'

/** Makes requests in place of this thread, while that is worth it. */
export interface RequestTaker {
  /** To be asked once for each request: whether it is to be made there. */
  takes(): boolean
  /** As `exchange`, over connections of this plan. */
  exchange(plan: ConnectionPlan, request: PlainRequest, bounds: Bounds): Promise<Answered>
  /** Ends the connections of a plan, at once or when what is under way has its answer. */
  leave(plan: ConnectionPlan, breakOff: boolean): void
}

export interface LineDeps {
  readonly egress: Egress
  /** Absent: requests are always made in this thread. */
  readonly thread?: RequestTaker | undefined
}

/** Connections of one plan: of this thread, and, while requests are many, of the one that makes those. */
export class Line {
  readonly #plan: ConnectionPlan
  readonly #dispatcher: Dispatcher
  readonly #thread: RequestTaker | undefined

  constructor(plan: ConnectionPlan, { egress, thread }: LineDeps) {
    this.#plan = plan
    this.#dispatcher = openDispatcher(plan, egress.lookup)
    this.#thread = thread
  }

  get isClosed(): boolean {
    return 'closed' in this.#dispatcher && this.#dispatcher.closed === true
  }

  /** As `exchange`. */
  exchange(request: PlainRequest, bounds: Bounds): Promise<Answered> {
    const thread = this.#thread
    if (thread?.takes() === true) return thread.exchange(this.#plan, request, bounds)
    return exchange(this.#dispatcher, request, bounds)
  }

  /** Lets what is under way end; nothing more may be asked. */
  async close(): Promise<void> {
    this.#thread?.leave(this.#plan, false)
    await this.#dispatcher.close()
  }

  async breakOff(): Promise<void> {
    this.#thread?.leave(this.#plan, true)
    await this.#dispatcher.destroy()
  }
}
