/** A binary heap: the smallest by `before` comes out first. */
export class Heap<T> {
  readonly #items: T[] = []
  readonly #before: (a: T, b: T) => boolean

  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before
  }

  get size(): number {
    return this.#items.length
  }

  peek(): T | undefined {
    return this.#items[0]
  }

  push(item: T): void {
    let index = this.#items.push(item) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = this.#items[parent]
      if (above === undefined || !this.#before(item, above)) break
      this.#items[index] = above
      index = parent
    }
    this.#items[index] = item
  }

  pop(): T | undefined {
    const top = this.#items[0]
    const last = this.#items.pop()
    if (last === undefined || this.#items.length === 0) return top
    let index = 0
    for (;;) {
      const child = this.#smallerChild(index)
      const below = this.#items[child]
      if (below === undefined || !this.#before(below, last)) break
      this.#items[index] = below
      index = child
    }
    this.#items[index] = last
    return top
  }

  #smallerChild(index: number): number {
    const [left, right] = [2 * index + 1, 2 * index + 2]
    const [a, b] = [this.#items[left], this.#items[right]]
    return b !== undefined && a !== undefined && this.#before(b, a) ? right : left
  }
}
