import type { Environment } from './env.ts'
import { type Locate, type Path, pathText } from './problem.ts'
import { longFlag, type Setting } from './settings.ts'

/** What the command line gave: by the setting's key; a flag that may be repeated gives a list. */
export type Flags = Readonly<Record<string, string | boolean | readonly string[] | undefined>>

/** A setting that was given, with how people know it: the flag or the variable. */
export interface Given {
  readonly setting: Setting
  readonly value: unknown
  readonly by: string
}

/** Everything that flags and variables say, and what is contradictory in it. A flag wins over its variable; an empty one counts as none. */
export function gatherGiven(
  usable: readonly Setting[],
  flags: Flags,
  env: Environment,
): { readonly given: readonly Given[]; readonly problems: readonly string[] } {
  const given = usable
    .map((setting) => fromFlag(setting, flags[setting.key]) ?? fromVariable(setting, env))
    .filter((each) => each !== null)
  const doubled = given.filter(({ setting, by }) => by === setting.env && textOf(setting.envFile, env) !== '')
  const problems = doubled.map(({ setting, by }) => `${by} and ${setting.envFile} are both set; keep one of them`)
  return { given, problems }
}

function fromFlag(setting: Setting, flag: Flags[string]): Given | null {
  const by = longFlag(setting)
  if (typeof flag === 'boolean') return flag ? { setting, value: true, by } : null
  const text = typeof flag === 'string' ? flag : (flag ?? []).join(',')
  return text === '' ? null : { setting, value: read(setting, text), by }
}

function fromVariable(setting: Setting, env: Environment): Given | null {
  const text = textOf(setting.env, env)
  if (text !== '') return { setting, value: read(setting, text), by: setting.env }
  const file = textOf(setting.envFile, env)
  return file === '' ? null : { setting, value: { file }, by: setting.envFile ?? setting.env }
}

function textOf(variable: string | undefined, env: Environment): string {
  return variable === undefined ? '' : (env[variable] ?? '')
}

function read(setting: Setting, text: string): unknown {
  return setting.read === undefined ? text : setting.read(text)
}

/** A place is known by the flag or variable that gave it, else as `otherwise` says. */
export function locateGiven(given: readonly Given[], otherwise: Locate): Locate {
  return (path) => {
    const by = given.find(({ setting }) => isBelow(path, setting.path))?.by
    return by === undefined ? otherwise(path) : { text: by, line: 0 }
  }
}

function isBelow(path: Path, parent: Path): boolean {
  return pathText(path.slice(0, parent.length)) === pathText(parent)
}
