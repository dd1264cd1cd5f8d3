/** Ranges of a file that somebody holds, as [offset, length]: sorted, apart, none empty. */
export type Blocks = readonly (readonly [offset: number, length: number])[]

/** The blocks with one range more. */
export function addBlock(blocks: Blocks, offset: number, length: number): Blocks {
  if (length <= 0) return blocks
  const last = blocks.at(-1)
  // The usual case, an upload that grows at its end, costs nothing.
  if (last === undefined || last[0] + last[1] < offset) return [...blocks, [offset, length]]
  let start = offset
  let end = offset + length
  const apart: [number, number][] = []
  for (const [from, size] of blocks) {
    if (from + size < offset || from > offset + length) apart.push([from, size])
    else {
      start = Math.min(start, from)
      end = Math.max(end, from + size)
    }
  }
  return [...apart, [start, end - start] as [number, number]].toSorted((a, b) => a[0] - b[0])
}

/** The blocks without one range. */
export function cutBlocks(blocks: Blocks, offset: number, length: number): Blocks {
  return blocks.flatMap(([from, size]) => {
    const before = Math.min(from + size, offset) - from
    const behind = from + size - Math.max(from, offset + length)
    const parts: [number, number][] = []
    if (before > 0) parts.push([from, before])
    if (behind > 0) parts.push([Math.max(from, offset + length), behind])
    return parts
  })
}

/** Bytes in all blocks together. */
export function bytesIn(blocks: Blocks): number {
  let bytes = 0
  for (const [, length] of blocks) bytes += length
  return bytes
}
