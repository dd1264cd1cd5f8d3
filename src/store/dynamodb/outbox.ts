import type { ClaimedDelivery, Delivery, Settlement } from '../../core/delivery.ts'
import { hasEnded } from '../../core/delivery.ts'
import { streamOf, triggerOf } from '../../core/event.ts'
import { deliveryId } from '../../core/ids.ts'
import { newDelivery, settled } from '../deliveries.ts'
import type { Claim, DeliveryFilter, DeliveryJob, OutboxDepth, OwedEvent, TargetState } from '../store.ts'
import { type Archive, touchedAt } from './archive.ts'
import type { Mirror } from './mirror.ts'
import { freshTarget, OutboxDraft } from './outbox-draft.ts'
import type { Unit } from './units.ts'
import type { Plan } from './writer.ts'

/** What becomes of deliveries: each function works out the writes for one operation of the store. */
export class Outbox {
  readonly #archive: Archive
  /**
   * Claimed by this process and not settled yet, with the end of the claim. It is known to nobody else, nor need it be: one process writes at a time, and
   * what an earlier one had claimed is free, as is what was claimed by an answer that was lost.
   */
  readonly #inHand = new Map<string, number>()

  constructor(archive: Archive) {
    this.#archive = archive
  }

  async owe(mirror: Mirror, events: readonly OwedEvent[], now: number): Promise<readonly Unit[]> {
    const draft = new OutboxDraft(mirror, this.#archive)
    await this.#owe(draft, events, now)
    return draft.units
  }

  claim(mirror: Mirror, { target, limit, now }: Claim): Plan<readonly ClaimedDelivery[]> {
    const owed = owedTo(mirror, target)
    const busy = new Set(
      owed.filter((each) => this.#claimedUntil(each, now) !== null).map(({ event }) => streamOf(event)),
    )
    const due = owed
      .filter((each) => each.nextAt <= now && this.#claimedUntil(each, now) === null)
      .toSorted((a, b) => a.nextAt - b.nextAt || a.createdAt - b.createdAt)
    const draft = new OutboxDraft(mirror, this.#archive)
    const claimed: ClaimedDelivery[] = []
    for (const delivery of due) {
      if (claimed.length === limit) break
      const stream = streamOf(delivery.event)
      if (busy.has(stream)) continue
      busy.add(stream)
      const attempts = delivery.attempts + 1
      draft.place({ ...delivery, attempts }, delivery)
      const { id, event, createdAt, lastAttemptAt } = delivery
      const tried = lastAttemptAt === null ? {} : { wasTried: true as const }
      claimed.push({ id, target, event, createdAt, attempt: attempts, ...tried })
    }
    return { units: draft.units, result: claimed }
  }

  /** The claims have become durable. */
  take(claimed: readonly ClaimedDelivery[], leaseUntil: number): void {
    for (const { id } of claimed) this.#inHand.set(id, leaseUntil)
  }

  async settle(
    mirror: Mirror,
    settlements: readonly Settlement[],
    owed: readonly OwedEvent[],
    now: number,
  ): Promise<readonly Unit[]> {
    const draft = new OutboxDraft(mirror, this.#archive)
    await this.#owe(draft, owed, now)
    for (const settlement of settlements) {
      const before = draft.get(settlement.id)
      if (before?.state === 'owed') draft.place(settled(before, settlement), before)
    }
    return draft.units
  }

  /** The settlements have become durable. */
  letGo(settlements: readonly Settlement[]): void {
    for (const { id } of settlements) this.#inHand.delete(id)
  }

  nextDue(mirror: Mirror, target: string, now: number): number | null {
    const due = owedTo(mirror, target).map((each) => this.#claimedUntil(each, now) ?? each.nextAt)
    return due.length === 0 ? null : due.reduce((a, b) => Math.min(a, b))
  }

  async find(mirror: Mirror, id: string): Promise<Delivery | null> {
    return (await new OutboxDraft(mirror, this.#archive).find([id])).get(id) ?? null
  }

  /** Reads all that is kept, but keeps no more than the page. */
  async list(mirror: Mirror, filter: DeliveryFilter): Promise<readonly Delivery[]> {
    const { target, trigger, state, limit, newestFirst = false } = filter
    const after = filter.after === undefined ? null : await this.find(mirror, filter.after)
    const order = newestFirst ? (a: Delivery, b: Delivery) => compare(b, a) : compare
    const isWanted = (each: Delivery) =>
      (target === undefined || each.target === target) &&
      (trigger === undefined || triggerOf(each.event) === trigger) &&
      (state === undefined || each.state === state) &&
      (after === null || order(after, each) < 0)
    const open = mirror.deliveries.values()
    const openIds = new Set(open.map(({ id }) => id))
    let page = open.filter(isWanted).toSorted(order).slice(0, limit)
    for await (const archived of this.#archive.all()) {
      const more = archived.filter((each) => isWanted(each) && !openIds.has(each.id))
      page = [...page, ...more].toSorted(order).slice(0, limit)
    }
    return page
  }

  openJobs(mirror: Mirror, target: string, seenBy: number, limit: number): readonly DeliveryJob[] {
    return mirror.deliveries
      .values()
      .filter((each) => each.target === target)
      .flatMap(({ id, job }) => (job === null || hasEnded(job) ? [] : [{ delivery: id, job }]))
      .filter(({ job }) => job.seenAt <= seenBy)
      .toSorted((a, b) => a.job.seenAt - b.job.seenAt)
      .slice(0, limit)
  }

  async saveJobs(mirror: Mirror, jobs: readonly DeliveryJob[]): Promise<readonly Unit[]> {
    const draft = new OutboxDraft(mirror, this.#archive)
    const found = await draft.find(jobs.map(({ delivery }) => delivery))
    for (const { delivery: id, job } of jobs) {
      const before = found.get(id)
      if (before?.job?.id === job.id) draft.place({ ...before, job }, before)
    }
    return draft.units
  }

  async replay(mirror: Mirror, ids: readonly string[], now: number): Promise<Plan<number>> {
    return this.#change(mirror, ids, ({ state }) => state === 'dead' || state === 'delivered', {
      state: 'owed',
      attempts: 0,
      nextAt: now,
      createdAt: now,
    })
  }

  async discard(mirror: Mirror, ids: readonly string[], now: number): Promise<Plan<number>> {
    return this.#change(mirror, ids, ({ state }) => state === 'dead' || state === 'owed', {
      state: 'discarded',
      lastAttemptAt: now,
    })
  }

  /** `planned`: the new id by the old one, kept while this is planned anew: of what takes several transactions the first may be durable then. */
  async rerun(
    mirror: Mirror,
    ids: readonly string[],
    now: number,
    planned: Map<string, string>,
  ): Promise<Plan<readonly string[]>> {
    const draft = new OutboxDraft(mirror, this.#archive)
    const made: string[] = []
    for (const { id: before, event, target } of (await draft.find(ids)).values()) {
      const earlier = planned.get(before)
      const isThere = earlier !== undefined && (await draft.find([earlier])).size > 0
      const id = isThere ? earlier : await this.#nextRun(draft, event.id, target)
      if (!isThere) draft.place(newDelivery(id, target, event, now), null)
      planned.set(before, id)
      made.push(id)
    }
    return { units: draft.units, result: made }
  }

  depth(mirror: Mirror): readonly OutboxDepth[] {
    const byTarget = Map.groupBy(
      mirror.deliveries.values().filter(({ state }) => state === 'owed'),
      ({ target }) => target,
    )
    const known = new Map(mirror.targets.values().map(({ name, dead }) => [name, dead]))
    return [...new Set([...byTarget.keys(), ...known.keys()])].map((target) => {
      const made = (byTarget.get(target) ?? []).map(({ createdAt }) => createdAt)
      const oldestOwedAt = made.length === 0 ? null : made.reduce((a, b) => Math.min(a, b))
      return { target, owed: made.length, dead: known.get(target) ?? 0, oldestOwedAt }
    })
  }

  saveTargetState(mirror: Mirror, target: string, state: TargetState): readonly Unit[] {
    const { failingSince, disabledAt } = state
    const known = mirror.targets.get(target) ?? freshTarget(target)
    return [mirror.targets.put(target, { ...known, state: { failingSince, disabledAt } })]
  }

  async prune(mirror: Mirror, before: number): Promise<readonly Unit[]> {
    const draft = new OutboxDraft(mirror, this.#archive)
    const isOld = (each: Delivery) =>
      (each.state === 'delivered' || each.state === 'discarded') && touchedAt(each) < before
    for (const each of mirror.deliveries.values()) if (isOld(each)) draft.remove(each)
    for await (const archived of this.#archive.all()) for (const each of archived) if (isOld(each)) draft.remove(each)
    return draft.units
  }

  async #nextRun(draft: OutboxDraft, eventId: string, target: string): Promise<string> {
    let run = 1
    while ((await draft.find([deliveryId(eventId, target, run)])).size > 0) run += 1
    return deliveryId(eventId, target, run)
  }

  async #owe(draft: OutboxDraft, events: readonly OwedEvent[], now: number): Promise<void> {
    const wanted = new Map(
      events.flatMap(({ event, targets }) =>
        targets.map((target) => [deliveryId(event.id, target), { event, target }] as const),
      ),
    )
    const known = await draft.find([...wanted.keys()])
    for (const [id, { event, target }] of wanted) {
      if (!known.has(id)) draft.place(newDelivery(id, target, event, now), null)
    }
  }

  async #change(
    mirror: Mirror,
    ids: readonly string[],
    isMeant: (delivery: Delivery) => boolean,
    change: Partial<Delivery>,
  ): Promise<Plan<number>> {
    const draft = new OutboxDraft(mirror, this.#archive)
    const meant = [...(await draft.find(ids)).values()].filter(isMeant)
    for (const before of meant) draft.place({ ...before, ...change }, before)
    return { units: draft.units, result: meant.length }
  }

  /** The end of the claim that is on it; null = none is. */
  #claimedUntil({ id }: Delivery, now: number): number | null {
    const until = this.#inHand.get(id) ?? now
    return until > now ? until : null
  }
}

function owedTo(mirror: Mirror, target: string): readonly Delivery[] {
  return mirror.deliveries.values().filter((each) => each.state === 'owed' && each.target === target)
}

/** In the order of their making. */
function compare(a: Delivery, b: Delivery): number {
  return a.createdAt - b.createdAt || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
}
