import { dirname, isAbsolute, join } from 'node:path'
import type { Environment } from '../config/env.ts'
import { loadConfig } from '../config/load.ts'
import { createSecrets } from '../config/secrets.ts'
import { parseYaml } from '../config/yaml-file.ts'
import { ConfigError } from '../core/errors.ts'
import { fixedSecret } from '../lib/secret.ts'
import { hasOnedataInput } from './definition/configuration-of.ts'
import type { FunctionDefinition } from './definition/definition.ts'
import { asMap, type Loose } from './definition/loose.ts'
import { readDefinitions } from './definition/read-definitions.ts'

/** What reading the input takes from outside. */
export interface Reading {
  readonly readFile: (path: string) => string
  readonly env: Environment
  readonly home: string
}

/** Reads and checks a configuration. Throws `ConfigError`; secrets that are missing here count only where `needsSecrets`: those of AWS the function reads. */
export function readConfiguration(path: string, needsSecrets: boolean, { readFile, env, home }: Reading): Loose {
  try {
    const secret = createSecrets(env, () => fixedSecret('read by the function'))
    loadConfig({ flags: { config: path }, env, readFile, home, isTerminal: false, secret })
  } catch (error) {
    const isOnlySecrets = error instanceof ConfigError && error.code === 'CONFIG_SECRET_MISSING'
    if (needsSecrets || !isOnlySecrets) throw error
  }
  return asMap(parseYaml(readFile(path), path).raw)
}

/**
 * Reads a definition `FILE` or, where it holds several functions, `FILE#NAME`, with the user's script, which lies beside it. Throws `CONFIG_INVALID` or
 * `CONFIG_NOT_FOUND`.
 */
export function readDefinition(
  place: string,
  { readFile }: Reading,
): { readonly read: FunctionDefinition; readonly script: string | null } {
  const [path = '', wanted] = place.split('#')
  const all = readDefinitions(parseYaml(textOf(path, readFile), path).raw)
  const definition = choose(all, wanted ?? null, path)
  const script = definition.script
  if (script === null) return { read: definition, script: null }
  // An FDL of OSCAR holds the script itself where it has more than one line.
  if (script.includes('\n')) return { read: definition, script }
  return { read: definition, script: textOf(isAbsolute(script) ? script : join(dirname(path), script), readFile) }
}

function choose(all: readonly FunctionDefinition[], wanted: string | null, path: string): FunctionDefinition {
  const named = wanted === null ? all : all.filter(({ name }) => name === wanted)
  const fromOnedata = named.filter(hasOnedataInput)
  const [only, ...others] = fromOnedata.length > 0 ? fromOnedata : named
  const names = all.map(({ name }) => name).join(', ')
  if (only === undefined) {
    const what = all.length === 0 ? 'there is no function with a name and an image in it' : `it has ${names}`
    throw new ConfigError(
      'CONFIG_INVALID',
      `${path}: ${wanted === null ? what : `there is no function "${wanted}"; ${what}`}`,
    )
  }
  if (others.length > 0) {
    throw new ConfigError(
      'CONFIG_INVALID',
      `${path} holds several functions; name one of them, as ${path}#${only.name} (${names})`,
    )
  }
  return only
}

function textOf(path: string, readFile: (path: string) => string): string {
  try {
    return readFile(path)
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
    throw new ConfigError('CONFIG_NOT_FOUND', `the file ${path} cannot be read${reason}`, { cause })
  }
}
