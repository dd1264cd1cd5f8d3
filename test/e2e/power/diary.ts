/** What volatile.c noted of one call. */
export interface Note {
  readonly kind: 'w' | 't' | 's' | 'c' | 'd'
  readonly path: string
  /** The sectors that it touches, in bytes; for `t` the end means nothing. */
  readonly start: number
  readonly end: number
  /** Size of the file before. */
  readonly size: number
  /** What was there before, from `start` on and up to the old end of the file. */
  readonly old: Buffer
}

/** Reads a diary; the last record may be cut off, for its writer was killed. */
export function* readDiary(bytes: Buffer): Generator<Note> {
  let at = 0
  const has = (length: number) => at + length <= bytes.length
  while (has(3)) {
    // What the other side writes.
    const kind = String.fromCharCode(bytes.readUInt8(at)) as Note['kind']
    const pathLength = bytes.readUInt16LE(at + 1)
    at += 3
    if (!has(pathLength + 28)) return
    const path = bytes.toString('utf8', at, at + pathLength)
    at += pathLength
    const [start = 0, end = 0, size = 0] = [0, 8, 16].map((field) => Number(bytes.readBigUInt64LE(at + field)))
    const length = bytes.readUInt32LE(at + 24)
    at += 28
    if (!has(length)) return
    yield { kind, path, start, end, size, old: bytes.subarray(at, at + length) }
    at += length
  }
}
