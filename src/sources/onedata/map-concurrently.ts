/**
 * Runs a task for each item, `width` of them at once, and gives the results in the items' order. When one rejects so does the whole, and no
 * further one is begun.
 */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  width: number,
  task: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = []
  const rest = items.entries()
  let isBroken = false
  const worker = async () => {
    for (const [index, item] of rest) {
      if (isBroken) return
      try {
        results[index] = await task(item)
      } catch (error) {
        isBroken = true
        throw error
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker))
  return results
}
