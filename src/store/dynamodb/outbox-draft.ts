import { type Delivery, hasEnded } from '../../core/delivery.ts'
import { freshTargetState } from '../store.ts'
import type { Archive } from './archive.ts'
import type { KnownTarget, Mirror } from './mirror.ts'
import type { Unit } from './units.ts'

/** Gathers what a piece of work changes among deliveries, and answers with that before it answers with what is durable. */
export class OutboxDraft {
  readonly units: Unit[] = []
  readonly #mirror: Mirror
  readonly #archive: Archive
  readonly #changed = new Map<string, Delivery>()
  readonly #dead = new Map<string, number>()

  constructor(mirror: Mirror, archive: Archive) {
    this.#mirror = mirror
    this.#archive = archive
  }

  /** As it is now, where it is open or was changed here. */
  get(id: string): Delivery | undefined {
    return this.#changed.get(id) ?? this.#mirror.deliveries.get(id)
  }

  /** As `get`, or as it lies in the archive. */
  async find(ids: readonly string[]): Promise<ReadonlyMap<string, Delivery>> {
    const archived = await this.#archive.get(ids.filter((id) => this.get(id) === undefined))
    return new Map(
      ids.flatMap((id) => {
        const delivery = this.get(id) ?? archived.get(id)
        return delivery === undefined ? [] : [[id, delivery] as const]
      }),
    )
  }

  /** Writes a delivery where it belongs; `before` is what it was. Writes go in an order in which a copy too many is the worst that a crash leaves. */
  place(after: Delivery, before: Delivery | null): void {
    const { deliveries } = this.#mirror
    const { id } = after
    const wasArchived = before !== null && !isOpen(before)
    const dead = this.#deadChange(after, before)
    this.#changed.set(id, after)
    if (isOpen(after)) {
      const removed = wasArchived ? [this.#archive.drop(id)] : []
      this.units.push([...deliveries.put(id, after), ...removed, ...dead])
    } else {
      this.units.push([this.#archive.put(after), ...deliveries.drop(id), ...dead])
    }
  }

  /** Takes a delivery away for good. */
  remove(delivery: Delivery): void {
    this.units.push(isOpen(delivery) ? this.#mirror.deliveries.drop(delivery.id) : [this.#archive.drop(delivery.id)])
  }

  /** Dead letters are counted with their target: counting them would mean to read them all. */
  #deadChange({ target, state }: Delivery, before: Delivery | null): Unit {
    const change = Number(state === 'dead') - Number(before?.state === 'dead')
    if (change === 0) return []
    const known = this.#mirror.targets.get(target) ?? freshTarget(target)
    const dead = (this.#dead.get(target) ?? known.dead) + change
    this.#dead.set(target, dead)
    return this.#mirror.targets.put(target, { ...known, dead })
  }
}

export function freshTarget(name: string): KnownTarget {
  return { name, state: freshTargetState, dead: 0 }
}

/** Whether something may still become of it: only then every run reads it. */
export function isOpen({ state, job }: Delivery): boolean {
  return state === 'owed' || (state === 'delivered' && job !== null && !hasEnded(job))
}
