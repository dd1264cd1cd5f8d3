/** The most bytes of one file that are kept; what is written beyond reads as zeros, so that a video of 16 GiB costs nothing. */
const keptBytes = 64 * 1024 * 1024
const pieceBytes = 1024 * 1024

interface Segment {
  readonly offset: number
  readonly bytes: Uint8Array
}

/** The bytes of a file; what was never written, or written by length only, reads as zeros. */
export class Content {
  #segments: Segment[] = []
  #kept = 0

  write(offset: number, bytes: Uint8Array): void {
    if (bytes.length === 0 || this.#kept + bytes.length > keptBytes) return
    this.#kept += bytes.length
    this.#segments.push({ offset, bytes })
  }

  /** Forgets what lies at `size` and behind. */
  truncate(size: number): void {
    this.#segments = this.#segments
      .filter(({ offset }) => offset < size)
      .map(({ offset, bytes }) => ({ offset, bytes: bytes.subarray(0, size - offset) }))
    this.#kept = this.#segments.reduce((sum, { bytes }) => sum + bytes.length, 0)
  }

  /** The bytes from `start` to before `end`, in pieces of a megabyte at most. */
  *read(start: number, end: number): Generator<Buffer> {
    for (let at = start; at < end; at += pieceBytes) yield this.#piece(at, Math.min(end, at + pieceBytes))
  }

  #piece(start: number, end: number): Buffer {
    const piece = Buffer.alloc(end - start)
    for (const { offset, bytes } of this.#segments) {
      const from = Math.max(start, offset)
      const to = Math.min(end, offset + bytes.length)
      if (from < to) piece.set(bytes.subarray(from - offset, to - offset), from - start)
    }
    return piece
  }
}
