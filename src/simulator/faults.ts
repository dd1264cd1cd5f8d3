import type { Random } from '../lib/random.ts'
import type { LiveStream } from './live-stream.ts'
import type { FileNode } from './model/file-node.ts'
import { PosixError } from './model/posix-error.ts'
import type { SpaceTree } from './model/space-tree.ts'

/** What may happen to a request instead of its answer (`latency`: before it). */
export type HttpFault =
  | { readonly kind: 'latency'; readonly ms: number }
  /** The connection is reset. */
  | { readonly kind: 'reset' }
  /** No answer ever comes. */
  | { readonly kind: 'hang' }
  /** A page of HTML where JSON was due. */
  | { readonly kind: 'html'; readonly status: number }
  /** An error of the API; 401, 403 and 503 have their usual ids. */
  | {
      readonly kind: 'error'
      readonly status: 401 | 403 | 500 | 503
      readonly headers?: Readonly<Record<string, string>>
    }

/** What may happen to an event on its way into a stream; `afterDeleted`: a deletion is followed by one more change of the file. */
export type EventFault = 'drop' | 'double' | 'reorder' | 'undecodable' | 'missingName' | 'afterDeleted'

export interface HttpFaultRule {
  /** Matched against `METHOD /path`, the path as on the wire; all requests by default. */
  readonly route?: RegExp
  /** How many requests it hits; all by default. */
  readonly count?: number
  /** Chance for each request; 1 by default. */
  readonly probability?: number
}

interface ActiveRule {
  readonly fault: HttpFault
  readonly route: RegExp
  readonly probability: number
  left: number
}

interface EventRule {
  left: number
  probability: number
}

/** Everything that can be made to go wrong, on command. */
export class Faults {
  /** Listings that may hold more give only half of the entries per page. */
  shortPages = false
  /** Listings give no more entries than these per page. */
  mostPerPage = Number.POSITIVE_INFINITY
  readonly #random: Random
  readonly #rules = new Set<ActiveRule>()
  readonly #events = new Map<EventFault, EventRule>()
  readonly #streams = new Set<LiveStream>()
  readonly #denied = new Set<FileNode>()
  readonly #tree: () => SpaceTree

  constructor(random: Random, tree: () => SpaceTree) {
    this.#random = random
    this.#tree = tree
  }

  /** Lets requests fail or wait until the returned function is called, or `count` of them were hit. */
  http(fault: HttpFault, rule: HttpFaultRule = {}): () => void {
    const active: ActiveRule = {
      fault,
      route: rule.route ?? /^/,
      probability: rule.probability ?? 1,
      left: rule.count ?? Number.POSITIVE_INFINITY,
    }
    this.#rules.add(active)
    return () => this.#rules.delete(active)
  }

  /** Lets the next `count` events, or each with `probability`, be spoiled. */
  events(fault: EventFault, rule: { readonly count?: number; readonly probability?: number }): void {
    this.#events.set(fault, { left: rule.count ?? 0, probability: rule.probability ?? 0 })
  }

  /** How many entries a page has, of the `limit` that was asked for. */
  pageSize(limit: number): number {
    return Math.min(this.shortPages ? Math.ceil(limit / 2) : limit, this.mostPerPage)
  }

  /** Ends all faults of requests and events. */
  clear(): void {
    this.#rules.clear()
    this.#events.clear()
    this.#denied.clear()
    this.shortPages = false
    this.mostPerPage = Number.POSITIVE_INFINITY
  }

  /** Breaks all open streams; `clean` ends them with the last chunk, as the server does when a monitor dies. */
  cutStreams(how: 'reset' | 'clean' = 'reset'): void {
    for (const stream of [...this.#streams]) stream.cut(how)
  }

  /** Makes all open streams half-open: they stay connected and never send again. Later ones are whole. */
  freezeStreams(): void {
    for (const stream of this.#streams) stream.freeze()
  }

  /** Sends raw text into all open streams. */
  sendToStreams(text: string): void {
    for (const stream of this.#streams) stream.write(text)
  }

  /** Sends one line of that many bytes into all open streams, without an end; resolves when it is out or nobody is there any more. */
  async sendHugeLine(bytes: number): Promise<void> {
    await Promise.all([...this.#streams].map((stream) => stream.writeHugeLine(bytes)))
  }

  /** Streams that are open. */
  get openStreams(): number {
    return this.#streams.size
  }

  /** Takes all rights on a directory or file away: by path inside the space. Makes no event. */
  loseRights(path: string): void {
    this.#denied.add(this.#node(path))
  }

  restoreRights(path: string): void {
    this.#denied.delete(this.#node(path))
  }

  /** The provider's database was restored: the changes are counted from 1 again. Streams are cut. */
  resetSequence(): void {
    this.cutStreams()
    this.#tree().log.reset()
  }

  /** For the server: what happens to this request, the latency first. */
  hit(request: string): readonly HttpFault[] {
    const faults: HttpFault[] = []
    for (const rule of this.#rules) {
      if (!rule.route.test(request) || this.#random() >= rule.probability) continue
      faults.push(rule.fault)
      rule.left--
      if (rule.left <= 0) this.#rules.delete(rule)
    }
    return faults.toSorted((a, b) => Number(b.kind === 'latency') - Number(a.kind === 'latency'))
  }

  /** For streams: whether this event is spoiled in that way. */
  spoils(fault: EventFault): boolean {
    const rule = this.#events.get(fault)
    if (rule === undefined) return false
    if (rule.left > 0) {
      rule.left--
      return true
    }
    return rule.probability > 0 && this.#random() < rule.probability
  }

  /** For streams: puts itself on the list of those that can be cut. */
  register(stream: LiveStream): void {
    this.#streams.add(stream)
    stream.onClose(() => this.#streams.delete(stream))
  }

  /** For access checks. */
  get denied(): ReadonlySet<FileNode> {
    return this.#denied
  }

  #node(path: string): FileNode {
    const node = this.#tree().lookup(path.split('/').filter((name) => name !== ''))
    if (node === null) throw new PosixError('enoent')
    return node
  }
}
