// The command lines of the proofs and benchmarks: each declares its options once, and gets them read, checked and explained by --help.
import { Command, InvalidArgumentError, Option } from 'commander'

/** One option: what it is, what holds where it is not given, and how its text is read. */
interface Declared<T> {
  readonly what: string
  readonly default: T
  /** What the help shows where the value stands: the unit of a number. A flag takes none. */
  readonly takes?: string
  /** Throws where the option takes no such text. `before` is what was given earlier on the same line, else the default. */
  read?(text: string, before: T): T
  /** For processes that a command starts of itself; the help is silent about it. */
  readonly isInternal?: boolean
}

interface CommandLine<T> {
  /** Its name in `package.json`. */
  readonly command: string
  readonly about: string
  /** What may stand behind `npm run COMMAND --`, and what that does. */
  readonly examples: Readonly<Record<string, string>>
  /** `perSecond` is `--per-second`. */
  readonly options: { readonly [K in keyof T]: Declared<T[K]> }
}

/** The options that this process was given. Ends it with 0 after --help, and with 2 and one line on stderr where they make no sense. */
export function readOptions<T extends Readonly<Record<string, unknown>>>(line: CommandLine<T>): T {
  const { command, about, examples, options } = line
  const program = new Command(`npm run ${command} --`)
    .description(about)
    .usage(Object.keys(options).length === 0 ? '' : '[options]')
    .helpOption('-h, --help', 'print this')
    .addHelpText('after', `\nExamples:\n${exampleLines(command, examples)}`)
    .configureOutput({ outputError: (text, write) => write(`${asOneLine(text)} (--help tells more)\n`) })
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
  for (const [name, declared] of Object.entries<Declared<unknown>>(options)) {
    program.addOption(optionOf(name, declared))
  }
  return program.parse().opts<T>()
}

function asOneLine(text: string): string {
  return text.trim().replaceAll('\n', ' ')
}

function optionOf(name: string, { what, default: absent, takes, read, isInternal }: Declared<unknown>): Option {
  const flags = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
  const option = new Option(takes === undefined ? flags : `${flags} <${takes}>`, what)
  if (read !== undefined) option.argParser(read)
  return option.default(absent, absent === false ? 'off' : String(absent)).hideHelp(isInternal === true)
}

function exampleLines(command: string, examples: Readonly<Record<string, string>>): string {
  return Object.entries(examples)
    .map(([given, does]) => `  npm run ${command}${given === '' ? '' : ` -- ${given}`}\n      ${does}`)
    .join('\n')
}

export function flag(what: string): Declared<boolean> {
  return { what, default: false }
}

/** A count, or the number of a sequence. With `undefined` as default the command decides, and `what` tells how. */
export function wholeNumber<D extends number | undefined>(
  what: string,
  absent: D,
  { least, most, unit = 'number' }: { readonly least?: number; readonly most?: number; readonly unit?: string } = {},
): Declared<number | D> {
  return { what, default: absent, takes: unit, read: (text) => whole(text, least, most) }
}

/** Some of them, with commas between. */
export function wholeNumbers(what: string, absent: readonly number[]): Declared<readonly number[]> {
  return { what, default: absent, takes: 'numbers', read: (text) => text.split(',').map((each) => whole(each)) }
}

/** A number above zero that may have a fraction. */
export function amount(what: string, absent: number, unit: string): Declared<number> {
  return { what, default: absent, takes: unit, read: positive }
}

/** Some of them, with commas between. */
export function amounts(what: string, absent: readonly number[], unit: string): Declared<readonly number[]> {
  return { what, default: absent, takes: unit, read: (text) => text.split(',').map(positive) }
}

function whole(text: string, least = 1, most = Number.MAX_SAFE_INTEGER): number {
  const value = numberIn(text)
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value
  const end = most === Number.MAX_SAFE_INTEGER ? '' : ` and at most ${most}`
  throw new InvalidArgumentError(`It takes a whole number, at least ${least}${end}.`)
}

function positive(text: string): number {
  const value = numberIn(text)
  if (Number.isFinite(value) && value > 0) return value
  throw new InvalidArgumentError('It takes a number above 0.')
}

/** JavaScript takes an empty text for 0. */
function numberIn(text: string): number {
  return text.trim() === '' ? Number.NaN : Number(text)
}

export function oneOf<const C extends string>(choices: readonly C[], what: string, absent: C): Declared<C> {
  return { what, default: absent, takes: choices.join('|'), read: (text) => chosen(choices, text) }
}

/** Some of the choices, with commas between or each behind an option of its own; `undefined` where none is named. */
export function someOf(choices: readonly string[], what: string): Declared<readonly string[] | undefined> {
  return {
    what: `${what}: ${choices.join(', ')}`,
    default: undefined,
    takes: 'names',
    read: (text, before = []) => [...before, ...text.split(',').map((name) => chosen(choices, name))],
  }
}

function chosen<C extends string>(choices: readonly C[], text: string): C {
  const choice = choices.find((each) => each === text)
  if (choice !== undefined) return choice
  throw new InvalidArgumentError(`It takes one of ${choices.join(', ')}.`)
}

/** What a command tells a process that it starts of itself. */
export function internal(what: string): Declared<string | undefined> {
  return { what, default: undefined, takes: 'text', isInternal: true }
}
