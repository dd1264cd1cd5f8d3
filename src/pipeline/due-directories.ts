/** A file that has fallen due. */
export interface Due {
  readonly path: string
}

/**
 * Files that have fallen due, handed out directory by directory: a source looks at many files of one directory for the price of a few. The directory
 * that has waited longest comes first, its files in the order of their names; what falls due in it meanwhile waits behind the other directories, so
 * that a busy one holds up nobody for ever.
 */
export class DueDirectories<T extends Due> {
  readonly #waiting = new Map<string, T[]>()
  /** Of the directory whose turn it is, the last first. */
  #turn: T[] = []

  add(directory: string, due: T): void {
    const known = this.#waiting.get(directory)
    if (known === undefined) this.#waiting.set(directory, [due])
    else known.push(due)
  }

  /** Who comes next; undefined = nobody waits. */
  peek(): T | undefined {
    if (this.#turn.length === 0) this.#nextTurn()
    return this.#turn.at(-1)
  }

  pop(): T | undefined {
    const next = this.peek()
    this.#turn.pop()
    return next
  }

  #nextTurn(): void {
    for (const [directory, due] of this.#waiting) {
      this.#waiting.delete(directory)
      this.#turn = due.sort((a, b) => Number(a.path > b.path) - Number(a.path < b.path)).reverse()
      return
    }
  }
}
