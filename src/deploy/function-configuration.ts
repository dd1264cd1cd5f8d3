import { basename } from 'node:path'
import { type Path, pathText } from '../config/problem.ts'
import { configSchema } from '../config/schema.ts'
import { secretsIn } from '../config/secret-refs.ts'
import { ConfigError } from '../core/errors.ts'
import { nameInArn } from '../lib/arn.ts'
import type { SecretRef } from '../lib/fields.ts'
import { isObject } from '../lib/is-object.ts'
import type { Secret } from '../lib/secret.ts'
import { asMap, asText, type Loose } from './definition/loose.ts'
import type { DeployedSecret, Need } from './plan.ts'

/** Where the function's files lie. */
const taskFolder = '/var/task'

/** A file of this machine that the function needs too: a certificate. */
export interface CarriedFile {
  readonly path: string
  /** Its name in the archive. */
  readonly name: string
}

/** What the function's configuration is made of. */
export interface FunctionConfiguration {
  readonly secrets: readonly DeployedSecret[]
  readonly needs: readonly Need[]
  readonly files: readonly CarriedFile[]
  /** `onetrigger.yaml` as the function gets it, once the ARNs of its secrets are known. */
  readonly withArns: (arnOf: ArnOf) => unknown
}

/** The ARN of a secret that has been put into Secrets Manager. */
export type ArnOf = (secret: DeployedSecret) => string

/**
 * A checked configuration as the function takes it: its state in the table, its secrets by ARN, without what only a process of its own has (an address for
 * metrics, a log's form). Throws `CONFIG_INVALID` for what cannot run in Lambda.
 */
export function functionConfiguration(
  raw: Loose,
  { name, read }: { readonly name: string; readonly read: (ref: SecretRef) => Secret },
): FunctionConfiguration {
  refuseCommands(raw)
  const placed = secretsIn(configSchema, raw).filter(({ path }) => path[0] !== 'store')
  const local = placed.filter(({ ref }) => !('arn' in ref))
  const byRef = new Map<string, DeployedSecret>()
  for (const { path, ref } of local) {
    const key = JSON.stringify(ref)
    if (!byRef.has(key))
      byRef.set(
        key,
        deployedSecret(name, path, [...byRef.values()], () => read(ref)),
      )
  }
  const files = carriedFiles(raw)
  return {
    secrets: [...byRef.values()],
    needs: [...targetNeeds(raw), ...placed.flatMap(({ ref }) => arnNeed(ref))],
    files: files.map(({ file }) => file),
    withArns: (arnOf) => {
      const { http: _http, log, exitAfterFailures: _failures, store: _store, ...rest } = raw
      const level = asText(asMap(log).level)
      const base: Loose = {
        ...rest,
        store: { type: 'dynamodb', table: name },
        ...(level === null ? {} : { log: { level } }),
      }
      const withFiles = files.reduce<unknown>(
        (config, { path, file }) => put(config, path, `${taskFolder}/${file.name}`),
        base,
      )
      return local.reduce<unknown>((config, { path, ref }) => {
        const secret = byRef.get(JSON.stringify(ref))
        return secret === undefined ? config : put(config, path, { arn: arnOf(secret) })
      }, withFiles)
    },
  }
}

function refuseCommands(raw: Loose): void {
  const commands = Object.entries(asMap(raw.targets)).filter(([, target]) => asMap(target).type === 'exec')
  if (commands.length === 0) return
  const lines = commands.map(([target]) => `targets.${target}: a command of this machine cannot run in Lambda`)
  throw new ConfigError('CONFIG_INVALID', lines.join('\n'), { details: { problems: lines } })
}

function deployedSecret(
  name: string,
  path: Path,
  before: readonly DeployedSecret[],
  read: () => Secret,
): DeployedSecret {
  const words = path.map(String).flatMap((part) => part.split(/[^A-Za-z0-9]+/))
  const pascal = words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join('')
  const isTaken = before.some(({ parameter }) => parameter === pascal)
  return {
    name: `${name}/${pathText(path).replaceAll(/[^\w+=.@-]/g, '-')}`,
    parameter: isTaken ? `${pascal}${before.length + 1}` : pascal,
    read,
  }
}

function targetNeeds(raw: Loose): readonly Need[] {
  return Object.values(asMap(raw.targets))
    .map(asMap)
    .flatMap((target): readonly Need[] => {
      const region = asText(target.region)
      switch (target.type) {
        case 'lambda':
          return [{ kind: 'lambda', function: asText(target.function) ?? '', region }]
        case 'batch': {
          const queue = asText(target.queue) ?? ''
          const isTagged = Object.keys(asMap(target.tags)).length > 0
          return [{ kind: 'batch', queue, definition: asText(target.definition) ?? nameInArn(queue), region, isTagged }]
        }
        case 'eventbridge':
          return [{ kind: 'eventbridge', bus: asText(target.bus) ?? 'default', region }]
        default:
          return []
      }
    })
}

function arnNeed(ref: SecretRef): readonly Need[] {
  return 'arn' in ref ? [{ kind: 'secret', arn: String(ref.arn) }] : []
}

/** Options that name a file of this machine, where they are no secrets. */
const fileOptions = ['ca', 'clientCertificate']

function carriedFiles(raw: Loose): readonly { readonly path: Path; readonly file: CarriedFile }[] {
  return ['sources', 'targets'].flatMap((group) =>
    Object.entries(asMap(raw[group])).flatMap(([adapter, options]) =>
      fileOptions.flatMap((option) => {
        const path = asMap(options)[option]
        if (typeof path !== 'string') return []
        const name = `files/${group}-${adapter}-${option}-${basename(path)}`
        return [{ path: [group, adapter, option], file: { path, name } }]
      }),
    ),
  )
}

/** A copy with `value` at `path`, which is there. */
function put(config: unknown, [key, ...rest]: Path, value: unknown): unknown {
  if (key === undefined) return value
  if (Array.isArray(config)) return config.map((each, index) => (index === key ? put(each, rest, value) : each))
  return isObject(config) ? { ...config, [key]: put(config[key], rest, value) } : config
}
