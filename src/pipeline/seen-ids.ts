/** The ids that a scan has found, as 52-bit hashes: a million take some 40 MB, and a collision only keeps one deleted file known. */
export class SeenIds {
  readonly #hashes = new Set<number>()

  add(fileId: string): void {
    this.#hashes.add(hash(fileId))
  }

  has(fileId: string): boolean {
    return this.#hashes.has(hash(fileId))
  }
}

/** Two independent 32-bit FNV-like hashes, cut to what a number holds exactly. */
function hash(text: string): number {
  let [high, low] = [0x811c9dc5, 0x9747b28c]
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    high = Math.imul(high ^ code, 0x01000193)
    low = Math.imul(low ^ code, 0x5bd1e995)
  }
  return (high >>> 12) * 2 ** 32 + (low >>> 0)
}
