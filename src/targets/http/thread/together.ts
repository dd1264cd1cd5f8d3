/** Most that are sent together: the other side begins with the first while the last are written. */
const most = 32

/** Sends together what comes in one turn of the event loop: a message between threads costs more than what is in it. */
export class Together<Each> {
  readonly #send: (together: readonly Each[]) => void
  #waiting: Each[] = []

  constructor(send: (together: readonly Each[]) => void) {
    this.#send = send
  }

  add(each: Each): void {
    const count = this.#waiting.push(each)
    if (count === 1) setImmediate(() => this.#flush())
    else if (count >= most) this.#flush()
  }

  #flush(): void {
    if (this.#waiting.length === 0) return
    const together = this.#waiting
    this.#waiting = []
    this.#send(together)
  }
}
