import type { Delivery } from '../../core/delivery.ts'
import { archiveKey, archivePartitions } from './keys.ts'
import type { Op } from './shelf.ts'
import type { Wire } from './wire.ts'

/** DynamoDB deletes what is over after this long, as the running process does. */
export const keepMs = 30 * 86_400_000

/** Deliveries that are over: delivered, dead or discarded. */
export class Archive {
  readonly #wire: Wire

  constructor(wire: Wire) {
    this.#wire = wire
  }

  /** Those of the ids that are here. */
  async get(ids: readonly string[]): Promise<ReadonlyMap<string, Delivery>> {
    if (ids.length === 0) return new Map()
    const rows = await this.#wire.get([...new Set(ids)].map(archiveKey))
    return new Map(rows.map(({ data }) => decode(data)).map((delivery) => [delivery.id, delivery]))
  }

  /** All that are here, page by page: it reads every partition, which is for operators' questions. */
  async *all(): AsyncGenerator<readonly Delivery[]> {
    for (const partition of archivePartitions) {
      for await (const rows of this.#wire.rows(partition)) yield rows.map(({ data }) => decode(data))
    }
  }

  /** Dead letters stay until a person decides. */
  put(delivery: Delivery): Op {
    const row = { ...archiveKey(delivery.id), data: JSON.stringify(delivery) }
    if (delivery.state === 'dead') return { kind: 'put', row }
    return { kind: 'put', row: { ...row, ttl: Math.ceil((touchedAt(delivery) + keepMs) / 1_000) } }
  }

  drop(id: string): Op {
    return { kind: 'delete', key: archiveKey(id) }
  }
}

/** When anything last happened to it. */
export function touchedAt({ lastAttemptAt, createdAt }: Delivery): number {
  return lastAttemptAt ?? createdAt
}

/** What `put` wrote. */
function decode(data: string): Delivery {
  return JSON.parse(data) as Delivery
}
