/** Loads and makes something at its first use, once. A failure is not kept. */
export function lazily<T>(make: () => Promise<T>): { get(): Promise<T>; readonly made: Promise<T> | null } {
  let made: Promise<T> | null = null
  return {
    get made() {
      return made
    },
    get: () => {
      made ??= make().catch((error: unknown) => {
        made = null
        throw error
      })
      return made
    },
  }
}
