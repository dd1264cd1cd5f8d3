import { ConfigError, type ErrorCode } from '../core/errors.ts'

/** Keys and indices from the root of the configuration to what is meant. */
export type Path = readonly (string | number)[]

/** One thing that is wrong with the configuration. */
export interface Problem {
  readonly path: Path
  /** Half a sentence: what was expected. Never the value that was found, which may be a secret. */
  readonly message: string
}

/** Where a problem is. */
export interface Place {
  /** For people: `onetrigger.yaml:4: triggers.video.deliver`, or the flag; '' where there is no place. */
  readonly text: string
  /** Line of the file; 0 for what stands in none. */
  readonly line: number
}

export type Locate = (path: Path) => Place

/** Nobody reads more; a file that is no configuration may have one on each of its lines. */
const [mostLines, mostLength] = [100, 500]

/** The error that lists all problems, one line each; `details.problems` holds the lines. */
export function configError(lines: readonly string[], code: ErrorCode = 'CONFIG_INVALID'): ConfigError {
  const shown = lines
    .slice(0, mostLines)
    .map((line) => (line.length > mostLength ? `${line.slice(0, mostLength)}...` : line))
  const problems = lines.length > mostLines ? [...shown, `and ${lines.length - mostLines} more`] : shown
  return new ConfigError(code, problems.join('\n'), { details: { problems } })
}

/** Each problem as one line, in the order in which they stand in the file. */
export function problemLines(problems: readonly Problem[], locate: Locate): readonly string[] {
  return problems
    .map(({ path, message }) => ({ message, place: locate(path) }))
    .toSorted((a, b) => a.place.line - b.place.line)
    .map(({ message, place }) => (place.text === '' ? message : `${place.text}: ${message}`))
}

/** `triggers.video.deliver[1]` */
export function pathText(path: Path): string {
  return path.map((key, index) => (typeof key === 'number' ? `[${key}]` : index === 0 ? key : `.${key}`)).join('')
}
