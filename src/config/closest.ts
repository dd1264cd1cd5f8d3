/** The known word that was probably meant: at most two typing errors away (one in short words), letter case apart; null = none is close. */
export function closest(word: string, known: readonly string[]): string | null {
  const allowed = word.length <= 4 ? 1 : 2
  const near = known
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ distance }) => distance <= allowed)
    .toSorted((a, b) => a.distance - b.distance)
  return near[0]?.candidate ?? null
}

/** `; did you mean "x"?`, or what there is to choose from. */
export function suggestion(word: string, known: readonly string[]): string {
  const meant = closest(word, known)
  if (meant !== null) return `; did you mean "${meant}"?`
  return known.length === 0 ? '; there is none' : `; there is ${known.join(', ')}`
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
function editDistance(a: string, b: string): number {
  // Words that differ so much in length are no typing errors, and the table would be large.
  if (Math.abs(a.length - b.length) > 2) return Number.POSITIVE_INFINITY
  const table = [Array.from({ length: b.length + 1 }, (_, column) => column)]
  const at = (row: number, column: number) => table[row]?.[column] ?? Number.POSITIVE_INFINITY
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    table.push(current)
    for (let column = 1; column <= b.length; column++) {
      const replaced = at(row - 1, column - 1) + (a[row - 1] === b[column - 1] ? 0 : 1)
      const isSwap = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      const swapped = isSwap ? at(row - 2, column - 2) + 1 : Number.POSITIVE_INFINITY
      current.push(Math.min(replaced, swapped, at(row - 1, column) + 1, at(row, column - 1) + 1))
    }
  }
  return at(a.length, b.length)
}
