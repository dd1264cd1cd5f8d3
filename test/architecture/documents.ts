import { posix } from 'node:path'

/** Paths of this repository that a document names: in back-ticks when they begin with a folder of ours, and as targets of relative links. */
export function namedPaths(document: string, text: string): readonly string[] {
  const quoted = [...text.matchAll(/`((?:src|test|scripts|docs|bin|\.ci)\/[\w./-]*\w\/?)`/g)].map(
    (match) => match[1] ?? '',
  )
  const linked = [...text.matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)/g)].map((match) =>
    posix.join(posix.dirname(document), match[1] ?? ''),
  )
  return [...new Set([...quoted, ...linked])]
}

/** Named paths that `exists` does not know, as sentences. */
export function deadPaths(document: string, text: string, exists: (path: string) => boolean): readonly string[] {
  return namedPaths(document, text)
    .filter((path) => !exists(path))
    .map((path) => `${document} names ${path}, which does not exist`)
}

/** npm scripts that a document tells to run and `package.json` does not have. */
export function deadScripts(document: string, text: string, scripts: ReadonlySet<string>): readonly string[] {
  const named = [...text.matchAll(/\bnpm (?:run (?!-)([\w:-]+)|(test)\b)/g)].map((match) => match[1] ?? match[2] ?? '')
  return [...new Set(named)]
    .filter((name) => !scripts.has(name))
    .map((name) => `${document}: there is no npm script "${name}"`)
}

/** Error codes that no line of the source uses: `thrown` holds the source without the table of codes. */
export function unthrownCodes(codes: readonly string[], thrown: string): readonly string[] {
  return codes.filter((code) => !thrown.includes(code === 'INVARIANT' ? 'new InvariantError(' : `'${code}'`))
}

/** Lines of a text; a last line break begins none. */
export function lineCount(text: string): number {
  return text.replace(/\n$/, '').split('\n').length
}
