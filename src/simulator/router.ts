import type { Route } from './exchange.ts'

/** A route with the values that the address gave it. */
export interface Match {
  readonly route: Route
  readonly params: Readonly<Record<string, string>>
  readonly rest: readonly string[]
}

interface Pattern {
  readonly route: Route
  readonly segments: readonly string[]
  readonly open: boolean
}

/** Finds the route of a request among templates; the one that was named first wins. */
export class Router {
  readonly #patterns: readonly Pattern[]

  constructor(routes: readonly Route[]) {
    this.#patterns = routes.map((route) => {
      const segments = segmentsOf(route.template)
      const open = segments.at(-1)?.endsWith('...}') === true
      return { route, segments: open ? segments.slice(0, -1) : segments, open }
    })
  }

  /** `path` is as on the wire. Null where nothing has that address; the methods that it has, where the method is not among them. */
  match(method: string, path: string): Match | readonly string[] | null {
    const segments = decodedSegments(path)
    if (segments === null) return null
    const others: string[] = []
    for (const pattern of this.#patterns) {
      const params = parametersOf(pattern, segments)
      if (params === null) continue
      if (pattern.route.method === method) {
        return { route: pattern.route, params, rest: segments.slice(pattern.segments.length) }
      }
      others.push(pattern.route.method)
    }
    return others.length === 0 ? null : others
  }
}

function parametersOf({ segments, open }: Pattern, given: readonly string[]): Record<string, string> | null {
  if (open ? given.length < segments.length : given.length !== segments.length) return null
  const params: Record<string, string> = {}
  for (let index = 0; index < segments.length; index++) {
    const wanted = segments[index] ?? ''
    const actual = given[index] ?? ''
    if (wanted.startsWith('{')) params[wanted.slice(1, -1)] = actual
    else if (wanted !== actual) return null
  }
  return params
}

function segmentsOf(path: string): string[] {
  return path.split('/').filter((segment) => segment !== '')
}

function decodedSegments(path: string): string[] | null {
  try {
    return segmentsOf(path).map(decodeURIComponent)
  } catch {
    return null
  }
}
