import type { Baseline } from '../core/baseline.ts'
import { type ClaimedDelivery, type Delivery, hasEnded, type Settlement } from '../core/delivery.ts'
import { StoreError } from '../core/errors.ts'
import { streamOf, triggerOf } from '../core/event.ts'
import { type FileState, isPending } from '../core/file-state.ts'
import { deliveryId } from '../core/ids.ts'
import type { Cursor } from '../core/source.ts'
import type { Clock } from '../lib/clock.ts'
import { newDelivery, settled } from './deliveries.ts'
import {
  type Claim,
  type Commit,
  type DeliveryFilter,
  type DeliveryJob,
  freshTargetState,
  type Lease,
  type OutboxDepth,
  type OwedEvent,
  type Store,
  type TargetState,
  type WatchKey,
  watchLease,
} from './store.ts'

interface Row {
  delivery: Delivery
  /** A claim is on it until then; null = nobody has it. */
  leaseUntil: number | null
}

interface HeldLease {
  holder: string
  epoch: number
  until: number
}

/** A store that forgets everything with the process: for tests, and for those who say so. */
export function createMemoryStore(clock: Clock): Store {
  return new MemoryStore(clock)
}

class MemoryStore implements Store {
  readonly isShared = false
  readonly #clock: Clock
  readonly #files = new Map<string, Map<string, { state: FileState; touchedAt: number }>>()
  readonly #rows = new Map<string, Row>()
  /** Those that are owed, by target and id: claims look at nothing else. */
  readonly #owed = new Map<string, Map<string, Row>>()
  readonly #cursors = new Map<string, Cursor>()
  readonly #baselines = new Map<string, Baseline>()
  /** Of triggers without a baseline. */
  readonly #firstTries = new Map<string, number>()
  readonly #leases = new Map<string, HeldLease>()
  readonly #targetStates = new Map<string, TargetState>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async commit(commit: Commit): Promise<void> {
    const held = this.#leases.get(watchLease(commit.watch))
    if (held !== undefined && held.epoch !== commit.epoch) {
      throw new StoreError('STORE_FENCED', 'Another process has taken over this watch.')
    }
    const now = this.#clock.now()
    for (const state of commit.states) this.#trigger(state.trigger).set(state.fileId, { state, touchedAt: now })
    for (const { trigger, fileId } of commit.forget) this.#trigger(trigger).delete(fileId)
    this.#owe(commit.events, now)
    if (commit.cursor === null) this.#cursors.delete(keyOf(commit.watch))
    else if (commit.cursor !== undefined) this.#cursors.set(keyOf(commit.watch), commit.cursor)
    for (const baseline of commit.baselines ?? []) this.#putBaseline(baseline)
  }

  async cursor(watch: WatchKey): Promise<Cursor | null> {
    return this.#cursors.get(keyOf(watch)) ?? null
  }

  async baseline(trigger: string): Promise<Baseline | null> {
    return this.#baselines.get(trigger) ?? null
  }

  async noteFirstTries(triggers: readonly string[], at: number): Promise<ReadonlyMap<string, number>> {
    const tries = new Map<string, number>()
    for (const trigger of triggers) {
      const first = this.#firstTries.get(trigger) ?? at
      if (!this.#baselines.has(trigger)) this.#firstTries.set(trigger, first)
      tries.set(trigger, first)
    }
    return tries
  }

  async files(trigger: string, fileIds: readonly string[]): Promise<ReadonlyMap<string, FileState>> {
    const known = this.#trigger(trigger)
    const found = new Map<string, FileState>()
    for (const fileId of fileIds) {
      const row = known.get(fileId)
      if (row !== undefined) found.set(fileId, row.state)
    }
    return found
  }

  async filesByPath(trigger: string, paths: readonly string[]): Promise<readonly FileState[]> {
    const wanted = new Set(paths)
    const states = [...this.#trigger(trigger).values()].map((row) => row.state)
    const found = states.filter((state) => state.path !== null && wanted.has(state.path))
    return found.toSorted((a, b) => Number(a.phase === 'gone') - Number(b.phase === 'gone'))
  }

  async pageFiles(
    trigger: string,
    phases: Parameters<Store['pageFiles']>[1],
    after: string | null,
    limit: number,
  ): Promise<readonly FileState[]> {
    return [...this.#trigger(trigger).values()]
      .map((row) => row.state)
      .filter((state) => phases.includes(state.phase) && (after === null || state.fileId > after))
      .toSorted((a, b) => (a.fileId < b.fileId ? -1 : 1))
      .slice(0, limit)
  }

  async claim({ target, limit, now, leaseUntil }: Claim): Promise<readonly ClaimedDelivery[]> {
    const busy = new Set<string>()
    const due: Row[] = []
    for (const row of this.#owedTo(target).values()) {
      if (isLeased(row, now)) busy.add(fileOf(row))
      else if (row.delivery.nextAt <= now) due.push(row)
    }
    due.sort((a, b) => a.delivery.nextAt - b.delivery.nextAt || a.delivery.createdAt - b.delivery.createdAt)
    const claimed: ClaimedDelivery[] = []
    for (const row of due) {
      if (claimed.length === limit) break
      if (busy.has(fileOf(row))) continue
      busy.add(fileOf(row))
      row.leaseUntil = leaseUntil
      row.delivery = { ...row.delivery, attempts: row.delivery.attempts + 1 }
      const { id, event, createdAt, attempts, lastAttemptAt } = row.delivery
      const tried = lastAttemptAt === null ? {} : { wasTried: true as const }
      claimed.push({ id, target, event, createdAt, attempt: attempts, ...tried })
    }
    return claimed
  }

  async releaseClaims(): Promise<void> {}

  async settle(settlements: readonly Settlement[], owed: readonly OwedEvent[] = []): Promise<void> {
    for (const settlement of settlements) {
      const row = this.#rows.get(settlement.id)
      if (row === undefined || row.delivery.state !== 'owed') continue
      row.leaseUntil = null
      this.#change(row, settled(row.delivery, settlement))
    }
    this.#owe(owed, this.#clock.now())
  }

  async nextDue(target: string): Promise<number | null> {
    let next: number | null = null
    for (const { leaseUntil, delivery } of this.#owedTo(target).values()) {
      const at = leaseUntil ?? delivery.nextAt
      if (next === null || at < next) next = at
    }
    return next
  }

  async delivery(id: string): Promise<Delivery | null> {
    return this.#rows.get(id)?.delivery ?? null
  }

  async deliveries(filter: DeliveryFilter): Promise<readonly Delivery[]> {
    const all = [...this.#rows.values()].map((row) => row.delivery)
    const sorted = all.toSorted((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1))
    if (filter.newestFirst === true) sorted.reverse()
    const start = filter.after === undefined ? 0 : sorted.findIndex((each) => each.id === filter.after) + 1
    return sorted
      .slice(start)
      .filter((each) => filter.target === undefined || each.target === filter.target)
      .filter((each) => filter.trigger === undefined || triggerOf(each.event) === filter.trigger)
      .filter((each) => filter.state === undefined || each.state === filter.state)
      .slice(0, filter.limit)
  }

  async openJobs(target: string, seenBy: number, limit: number): Promise<readonly DeliveryJob[]> {
    return this.#ofTarget(target)
      .flatMap(({ delivery: { id, job } }) => (job === null || hasEnded(job) ? [] : [{ delivery: id, job }]))
      .filter(({ job }) => job.seenAt <= seenBy)
      .toSorted((a, b) => a.job.seenAt - b.job.seenAt)
      .slice(0, limit)
  }

  async saveJobs(jobs: readonly DeliveryJob[]): Promise<void> {
    for (const { delivery, job } of jobs) {
      const row = this.#rows.get(delivery)
      if (row !== undefined && row.delivery.job?.id === job.id) row.delivery = { ...row.delivery, job }
    }
  }

  async targetState(target: string): Promise<TargetState> {
    return this.#targetStates.get(target) ?? freshTargetState
  }

  async saveTargetState(target: string, state: TargetState): Promise<void> {
    this.#targetStates.set(target, state)
  }

  async rerun(ids: readonly string[], now: number): Promise<readonly string[]> {
    return this.#named(ids).map(({ delivery: { event, target } }) => {
      let run = 1
      while (this.#rows.has(deliveryId(event.id, target, run))) run += 1
      const id = deliveryId(event.id, target, run)
      this.#add(newDelivery(id, target, event, now))
      return id
    })
  }

  async replay(ids: readonly string[], now: number): Promise<number> {
    const rows = this.#named(ids).filter(({ delivery }) => delivery.state === 'dead' || delivery.state === 'delivered')
    for (const row of rows)
      this.#change(row, { ...row.delivery, state: 'owed', attempts: 0, nextAt: now, createdAt: now })
    return rows.length
  }

  async discard(ids: readonly string[], now: number): Promise<number> {
    const rows = this.#named(ids).filter(({ delivery }) => delivery.state === 'dead' || delivery.state === 'owed')
    for (const row of rows) this.#change(row, { ...row.delivery, state: 'discarded', lastAttemptAt: now })
    return rows.length
  }

  async depth(): Promise<readonly OutboxDepth[]> {
    const byTarget = Map.groupBy(this.#rows.values(), (row) => row.delivery.target)
    return [...byTarget].map(([target, rows]) => {
      const owed = rows.filter((row) => row.delivery.state === 'owed').map((row) => row.delivery.createdAt)
      const dead = rows.filter((row) => row.delivery.state === 'dead').length
      return {
        target,
        owed: owed.length,
        dead,
        oldestOwedAt: owed.length === 0 ? null : owed.reduce((a, b) => Math.min(a, b)),
      }
    })
  }

  async lease(name: string, holder: string, ttlMs: number): Promise<Lease | null> {
    const now = this.#clock.now()
    const held = this.#leases.get(name)
    if (held !== undefined && held.holder !== holder && held.until > now) return null
    const epoch = held === undefined ? 1 : held.holder === holder ? held.epoch : held.epoch + 1
    this.#leases.set(name, { holder, epoch, until: now + ttlMs })
    return { epoch }
  }

  async releaseLease(name: string, holder: string): Promise<void> {
    const held = this.#leases.get(name)
    if (held?.holder === holder) this.#leases.set(name, { ...held, until: 0 })
  }

  async triggers(): Promise<readonly string[]> {
    const withFiles = [...this.#files].filter(([, files]) => files.size > 0).map(([name]) => name)
    return [...new Set([...withFiles, ...this.#baselines.keys(), ...this.#firstTries.keys()])].toSorted()
  }

  async renameTrigger(from: string, to: string): Promise<void> {
    const files = this.#files.get(from)
    for (const [fileId, row] of files ?? []) {
      this.#trigger(to).set(fileId, { ...row, state: { ...row.state, trigger: to } })
    }
    this.#files.delete(from)
    const baseline = this.#baselines.get(from)
    if (baseline !== undefined) this.#putBaseline({ ...baseline, trigger: to })
    this.#baselines.delete(from)
    const firstTry = this.#firstTries.get(from)
    if (firstTry !== undefined) this.#firstTries.set(to, firstTry)
    this.#firstTries.delete(from)
  }

  async prune(before: { readonly delivered: number; readonly gone: number }): Promise<number> {
    let pruned = 0
    for (const [id, { delivery }] of this.#rows) {
      const isOver = delivery.state === 'delivered' || delivery.state === 'discarded'
      if (!isOver || (delivery.lastAttemptAt ?? delivery.createdAt) >= before.delivered) continue
      this.#rows.delete(id)
      pruned += 1
    }
    for (const files of this.#files.values()) {
      for (const [fileId, { state, touchedAt }] of files) {
        if (state.phase !== 'gone' || isPending(state) || touchedAt >= before.gone) continue
        files.delete(fileId)
        pruned += 1
      }
    }
    return pruned
  }

  /** There are no others. */
  writesByOthers(known: number, signal: AbortSignal): Promise<number> {
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve(known), { once: true })
      if (signal.aborted) resolve(known)
    })
  }

  async backup(): Promise<void> {
    throw new StoreError('STORE_FAILED', 'A store in memory cannot be backed up.')
  }

  async sizeBytes(): Promise<number> {
    return 0
  }

  async close(): Promise<void> {}

  #putBaseline(baseline: Baseline): void {
    this.#baselines.set(baseline.trigger, baseline)
    this.#firstTries.delete(baseline.trigger)
  }

  #trigger(name: string): Map<string, { state: FileState; touchedAt: number }> {
    const files = this.#files.get(name) ?? new Map()
    this.#files.set(name, files)
    return files
  }

  #owe(events: readonly OwedEvent[], now: number): void {
    for (const { event, targets } of events) {
      for (const target of targets) {
        const id = deliveryId(event.id, target)
        if (!this.#rows.has(id)) this.#add(newDelivery(id, target, event, now))
      }
    }
  }

  #owedTo(target: string): Map<string, Row> {
    const owed = this.#owed.get(target) ?? new Map()
    this.#owed.set(target, owed)
    return owed
  }

  #add(delivery: Delivery): void {
    const row = { delivery, leaseUntil: null }
    this.#rows.set(delivery.id, row)
    this.#owedTo(delivery.target).set(delivery.id, row)
  }

  /** Its state may be another one from now on. */
  #change(row: Row, delivery: Delivery): void {
    row.delivery = delivery
    if (delivery.state === 'owed') this.#owedTo(delivery.target).set(delivery.id, row)
    else this.#owedTo(delivery.target).delete(delivery.id)
  }

  #ofTarget(target: string): Row[] {
    return [...this.#rows.values()].filter((row) => row.delivery.target === target)
  }

  #named(ids: readonly string[]): Row[] {
    return ids.flatMap((id) => this.#rows.get(id) ?? [])
  }
}

function isLeased(row: Row, now: number): boolean {
  return row.leaseUntil !== null && row.leaseUntil > now
}

function fileOf({ delivery: { event } }: Row): string {
  return streamOf(event)
}

function keyOf(watch: WatchKey): string {
  return `${watch.source}/${watch.spaceId}`
}
