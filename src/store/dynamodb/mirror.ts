import type { Baseline } from '../../core/baseline.ts'
import type { Delivery } from '../../core/delivery.ts'
import type { FileState } from '../../core/file-state.ts'
import type { Cursor } from '../../core/source.ts'
import type { TargetState } from '../store.ts'
import { decodeFile, encodeFile } from './file-codec.ts'
import { openPartition } from './keys.ts'
import { type Op, type Row, Shelf } from './shelf.ts'

/** A trigger that has state here. */
export interface KnownTrigger {
  readonly name: string
  readonly baseline: Baseline | null
  /** When it was first tried; absent once there is a baseline. */
  readonly firstTry?: number
}

/** What is remembered of a target. */
export interface KnownTarget {
  readonly name: string
  readonly state: TargetState
  /** Its dead letters. */
  readonly dead: number
}

/** A row as it was read, with the write that it is from. */
export interface StoredRow extends Row {
  readonly version: number
}

/**
 * The open partition in memory: everything but files that are decided upon and deliveries that are over. As long as the head names the same last write
 * it is what the table holds.
 */
export class Mirror {
  readonly cursors = new Shelf<Cursor>('c', JSON.stringify, (data) => JSON.parse(data) as Cursor)
  readonly triggers = new Shelf<KnownTrigger>('g', JSON.stringify, (data) => JSON.parse(data) as KnownTrigger)
  readonly targets = new Shelf<KnownTarget>('t', JSON.stringify, (data) => JSON.parse(data) as KnownTarget)
  readonly pending = new Shelf<FileState>('p', encodeFile, decodeFile)
  /** Those that are owed, and those whose job has not ended. */
  readonly deliveries = new Shelf<Delivery>('d', JSON.stringify, (data) => JSON.parse(data) as Delivery)
  /** Writes so far. */
  version = 0
  /** Names the last write; '' = none yet. */
  lastWrite = ''
  readonly #shelves = [this.cursors, this.triggers, this.targets, this.pending, this.deliveries]

  replace(rows: readonly StoredRow[]): void {
    for (const shelf of this.#shelves) shelf.clear()
    for (const { sk, data, version } of rows) this.#shelf(sk)?.take(sk, data, version)
  }

  /** What has become durable. */
  apply(op: Op, version: number): void {
    const { pk, sk } = op.kind === 'put' ? op.row : op.key
    if (pk !== openPartition) return
    const shelf = this.#shelf(sk)
    if (op.kind === 'put') shelf?.take(sk, op.row.data, version)
    else shelf?.forget(sk)
  }

  /** The write that a row of the open partition must be from for `op` to be right; null = it must not be there, undefined = it does not matter. */
  expected(op: Op): number | null | undefined {
    const { pk, sk } = op.kind === 'put' ? op.row : op.key
    return pk === openPartition ? this.#shelf(sk)?.versionOf(sk) : undefined
  }

  #shelf(sk: string) {
    return this.#shelves.find((shelf) => shelf.holds(sk))
  }
}

/** Pending files by trigger and id. */
export function pendingName(trigger: string, fileId: string): string {
  return JSON.stringify([trigger, fileId])
}
