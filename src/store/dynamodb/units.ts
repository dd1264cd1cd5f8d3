import { InvariantError } from '../../core/errors.ts'
import { keyText } from './keys.ts'
import type { Op } from './shelf.ts'

/** Writes that only make sense together. */
export type Unit = readonly Op[]

/** DynamoDB takes 100 writes and 4 MB at once; one write is that of the head. */
const mostOps = 99
const mostBytes = 3_500_000
/** DynamoDB takes 400 KB. */
const mostItemBytes = 390_000
/** Keys, names and numbers of an item, roughly. */
const itemOverheadBytes = 1_500

/** Packs units into as few transactions as their order allows; none is torn apart. Where two write the same row in one transaction the later counts. */
export function chunksOf(units: readonly Unit[]): readonly (readonly Op[])[] {
  const chunks: (readonly Op[])[] = []
  let chunk = new Map<string, Op>()
  let bytes = 0
  for (const unit of units) {
    const more = unit.reduce((sum, op) => sum + bytesOf(op), 0)
    if (chunk.size > 0 && (chunk.size + unit.length > mostOps || bytes + more > mostBytes)) {
      chunks.push([...chunk.values()])
      chunk = new Map()
      bytes = 0
    }
    for (const op of unit) chunk.set(keyText(op.kind === 'put' ? op.row : op.key), op)
    bytes += more
  }
  if (chunk.size > 0) chunks.push([...chunk.values()])
  return chunks
}

function bytesOf(op: Op): number {
  if (op.kind === 'delete') return itemOverheadBytes
  const bytes = Buffer.byteLength(op.row.data) + itemOverheadBytes
  if (bytes > mostItemBytes)
    throw new InvariantError(`A row of ${bytes} bytes was to be written; all that goes into one is bounded.`)
  return bytes
}
