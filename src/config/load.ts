import { z } from 'zod'
import { ConfigError } from '../core/errors.ts'
import { readOnce, type SecretRef } from '../lib/fields.ts'
import type { SecretSource } from '../lib/secret.ts'
import type { Config } from './config.ts'
import { crossProblems } from './cross-checks.ts'
import type { Environment } from './env.ts'
import { type Flags, type Given, gatherGiven, locateGiven } from './given.ts'
import { problemsOf, wording } from './issues.ts'
import { knativeTarget } from './knative.ts'
import { configError, type Locate, type Path, type Problem, pathText, problemLines } from './problem.ts'
import { resolveConfig } from './resolve.ts'
import { configSchema, type ParsedConfig } from './schema.ts'
import { secretsIn } from './secret-refs.ts'
import { createSecrets } from './secrets.ts'
import { configVariable, oneTrigger, type Setting, settings } from './settings.ts'
import { defaultStorePath } from './store-path.ts'
import { parseYaml } from './yaml-file.ts'

export interface LoadInput {
  readonly flags: Flags
  readonly env: Environment
  /** Reads the configuration file; throws where there is none. */
  readonly readFile: (path: string) => string
  /** The user's home folder. */
  readonly home: string
  /** Whether a person reads the log as it comes. */
  readonly isTerminal: boolean
  readonly need?: Need
  /** Where secrets come from; by default variables of `env` and files. Each one that is named is asked for once. */
  readonly secret?: (ref: SecretRef) => SecretSource
  /** Told of what is allowed but probably not meant. */
  readonly warn?: (message: string) => void
}

/** `sources`: only what it takes to ask providers for their spaces; `store`: all of it, but no secret besides the store's is asked for. */
export type Need = 'everything' | 'sources' | 'store'

/**
 * Reads the configuration: a file, or flags and environment for one trigger. Precedence: flag, environment, file, default. Throws `ConfigError`
 * that lists all problems: `CONFIG_INVALID`, `CONFIG_NOT_FOUND`, or `CONFIG_SECRET_MISSING` where nothing but secrets lacks.
 */
export function loadConfig(input: LoadInput): Config {
  const { flags, env, need = 'everything' } = input
  const usable = settings.filter((setting) => need !== 'sources' || setting.listSpaces === true)
  const { given, problems: contradictions } = gatherGiven(usable, flags, env)
  const configPath = configPathOf(flags, env)
  const base = configPath === null ? baseOfFlags(usable, given, input) : baseOfFile(configPath, given, input.readFile)

  // The one place of precedence: what was given (by a flag, else by its variable) replaces what the file says; the schema adds the defaults.
  const raw = base.laidOver.reduce((config, { setting, value }) => put(config, setting.path, value), base.raw)
  const parsed = configSchema.safeParse(raw, { ...readOnce, error: wording })

  const locate = locateGiven(base.laidOver, base.locate)
  const found = [...(parsed.success ? [] : problemsOf(parsed.error)), ...(need === 'sources' ? [] : crossProblems(raw))]
  const lines = [
    ...contradictions,
    ...base.problems,
    ...problemLines(
      found.filter(({ path }) => !base.isTold(path)),
      locate,
    ),
  ]
  const secretLines = problemLines(missingSecrets(raw, input.secret ?? createSecrets(env), need), locate)
  if (lines.length > 0 || !parsed.success) throw configError([...lines, ...secretLines])
  if (secretLines.length > 0) throw configError(secretLines, 'CONFIG_SECRET_MISSING')

  for (const line of problemLines(doubts(parsed.data), locate)) input.warn?.(line)
  return resolveConfig(parsed.data, raw, {
    storePath: defaultStorePath(env, input.home, configPath === null ? watchedBy(parsed.data, given) : null),
    logFormat: input.isTerminal ? 'pretty' : 'json',
  })
}

/** Path of the configuration file; null = flags and environment describe the one trigger. */
export function configPathOf(flags: Flags, env: Environment): string | null {
  const flag = typeof flags.config === 'string' ? flags.config : ''
  return flag || env[configVariable] || null
}

/** What the given settings are laid over. */
interface Base {
  readonly raw: unknown
  readonly laidOver: readonly Given[]
  readonly locate: Locate
  readonly problems: readonly string[]
  /** Whether `problems` says already, in better words, what is wrong there. */
  readonly isTold: (path: Path) => boolean
}

/** The shape of a file with one trigger, to be filled by flags and variables. */
function baseOfFlags(
  usable: readonly Setting[],
  given: readonly Given[],
  { env, need = 'everything' }: LoadInput,
): Base {
  const { source, trigger, target } = oneTrigger
  const sources = { [source]: { type: 'onedata' } }
  const sink = given.some(({ setting }) => setting.key === 'webhook') ? null : knativeTarget(env)
  const rest = {
    triggers: { [trigger]: { watch: { source }, deliver: [target] } },
    targets: { [target]: { type: 'webhook', ...sink?.options } },
  }
  const missing = usable.filter(
    (setting) =>
      setting.missing !== undefined &&
      !given.some((each) => each.setting === setting) &&
      !(sink !== null && setting.key === 'webhook'),
  )
  return {
    raw: need === 'sources' ? { sources } : { sources, ...rest },
    laidOver: given,
    locate: () => ({ text: '', line: 0 }),
    problems: [...missing.flatMap((setting) => setting.missing ?? []), ...(sink?.problems ?? [])],
    isTold: (path) => missing.some((setting) => pathText(setting.path) === pathText(path)),
  }
}

/** What describes a trigger stands in the file and nowhere else: two half descriptions would make a third that nobody wrote. */
function baseOfFile(path: string, given: readonly Given[], readFile: (path: string) => string): Base {
  const { raw, locate } = parseYaml(readText(path, readFile), path)
  const named = variablesIn(raw)
  const refused = given.filter(({ setting, by }) => setting.scope === 'trigger' && !named.has(by))
  return {
    raw: raw ?? {},
    laidOver: given.filter(({ setting }) => setting.scope === 'process'),
    locate,
    problems: refused.map(
      ({ by }) => `${by} cannot be used with a configuration file: triggers are described in ${path}`,
    ),
    isTold: () => false,
  }
}

function readText(path: string, readFile: (path: string) => string): string {
  try {
    return readFile(path)
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
    throw new ConfigError('CONFIG_NOT_FOUND', `the configuration file ${path} cannot be read${reason}`, { cause })
  }
}

/** Variables that the file itself asks for: those are no second description of a trigger. */
function variablesIn(raw: unknown): ReadonlySet<string> {
  if (typeof raw !== 'object' || raw === null) return new Set()
  const own = 'env' in raw && typeof raw.env === 'string' ? [raw.env] : []
  return new Set([...own, ...Object.values(raw).flatMap((child) => [...variablesIn(child)])])
}

/** A copy of `config` with `value` at `path`. Where something else than a map is in the way it stays, and the schema says so. */
function put(config: unknown, [key, ...rest]: Path, value: unknown): unknown {
  if (key === undefined) return value
  const map = z.record(z.string(), z.unknown()).safeParse(config ?? {})
  return map.success ? { ...map.data, [key]: put(map.data[key], rest, value) } : config
}

function missingSecrets(raw: unknown, secret: (ref: SecretRef) => SecretSource, need: Need): readonly Problem[] {
  return secretsIn(configSchema, raw)
    .filter(({ path }) => need === 'everything' || path[0] === need)
    .flatMap(({ path, ref }) => {
      try {
        secret(ref).get()
        return []
      } catch (error) {
        if (error instanceof ConfigError) return [{ path, message: error.message }]
        throw error
      }
    })
}

/** What is allowed but probably not meant. */
function doubts(config: ParsedConfig): readonly Problem[] {
  return Object.entries(config.triggers)
    .filter(([, { completion }]) => completion.stableFor < 1_000)
    .map(([name]) => ({
      path: ['triggers', name, 'completion', 'stableFor'],
      message: 'below 1s files fire while they are being written: a provider may hold back news of a change for 18 s',
    }))
}

function watchedBy(config: ParsedConfig, given: readonly Given[]) {
  const host = given.find(({ setting }) => setting.key === 'oneproviderHost')?.value
  const watch = config.triggers[oneTrigger.trigger]?.watch
  return { host: String(host), space: watch?.space ?? '', folder: watch?.folder ?? '' }
}
