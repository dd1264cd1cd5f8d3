import { createHash } from 'node:crypto'
import { base32 } from '../../core/ids.ts'

/** Where an item is. */
export interface Key {
  readonly pk: string
  readonly sk: string
}

/** The partition of everything that a run needs: one query reads it. */
export const openPartition = 'open'
/** Who writes, and how often there was writing; the first item of its partition. */
export const headKey: Key = { pk: openPartition, sk: '0' }

/** Deliveries that are over lie in this many partitions, so that no partition takes all their writes. */
export const archiveShards = 8
export const archivePartitions: readonly string[] = Array.from({ length: archiveShards }, (_, shard) => `over ${shard}`)

const longestNameBytes = 512

/** A part of a key. DynamoDB takes well-formed Unicode only, and 1,024 bytes; what is longer or not well-formed is named by its hash. */
export function nameKey(name: string): string {
  if (name.isWellFormed() && Buffer.byteLength(name) <= longestNameBytes) return `=${name}`
  // JSON escapes what is not well-formed, so that two such names differ.
  return `~${base32(createHash('sha256').update(JSON.stringify(name)).digest())}`
}

/** Where files of a trigger lie that are decided upon. */
export function filesPartition(trigger: string): string {
  return `files ${nameKey(trigger)}`
}

export function fileKey(trigger: string, fileId: string): Key {
  return { pk: filesPartition(trigger), sk: nameKey(fileId) }
}

/** Where a delivery lies that is over. Ids are hashes, so that they spread evenly. */
export function archiveKey(deliveryId: string): Key {
  const shard = [...deliveryId.slice(-4)].reduce((sum, char) => sum * 31 + (char.codePointAt(0) ?? 0), 0)
  return { pk: `over ${shard % archiveShards}`, sk: nameKey(deliveryId) }
}

export function keyText({ pk, sk }: Key): string {
  return `${pk}\n${sk}`
}

/** The order in which DynamoDB keeps sort keys. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
