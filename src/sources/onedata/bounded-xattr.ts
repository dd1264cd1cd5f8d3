const mostCharacters = 4_096

/** The value of an extended attribute as far as anybody needs it: a provider takes values of any size, and each is kept with its file. */
export function boundedXattr(value: unknown): unknown {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text === undefined || text.length <= mostCharacters ? value : text.slice(0, mostCharacters)
}
