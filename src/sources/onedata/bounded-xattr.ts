const mostCharacters = 4_096

/** The value of an extended attribute as far as anybody needs it: a provider takes values of any size, and each is kept with its file. */
export function boundedXattr(value: unknown): unknown {
  const text = typeof value === 'string' ? value : textOf(value)
  return text === undefined || text.length <= mostCharacters ? value : text.slice(0, mostCharacters).toWellFormed()
}

function textOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    // Tens of thousands of lists in each other are too much for the stack; nobody will ask for what stands in them.
    return (Array.isArray(value) ? '[' : '{').repeat(mostCharacters + 1)
  }
}
