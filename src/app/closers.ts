/** Collects what must be closed; closes backwards and reports every failure at once. */
export class Closers {
  readonly #closers: (() => Promise<void> | void)[] = []

  /** Remembers how to close something that has just been opened; gives it back. */
  add<T extends { close(): Promise<void> | void }>(resource: T): T {
    this.#closers.push(() => resource.close())
    return resource
  }

  /** Closes everything, newest first. Rejects with an `AggregateError` of all that failed. */
  async close(): Promise<void> {
    const failures: unknown[] = []
    for (let close = this.#closers.pop(); close !== undefined; close = this.#closers.pop()) {
      try {
        await close()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'closing failed')
  }
}
