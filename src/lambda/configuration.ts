import { readFile } from 'node:fs/promises'
import type { Config } from '../config/config.ts'
import type { Environment } from '../config/env.ts'
import { loadConfig } from '../config/load.ts'
import { createSecrets } from '../config/secrets.ts'
import { configVariable, settings, tokenVariable } from '../config/settings.ts'
import { ConfigError } from '../core/errors.ts'
import { fixedSecret } from '../lib/secret.ts'
import { parameter } from './arn-secrets.ts'

/** The name of the table where the configuration names no store. */
export const tableVariable = 'ONETRIGGER_TABLE'
/** The token by ARN, for the variables of 2019. */
const tokenArnVariable = 'ONEDATA_ACCESS_TOKEN_ARN'

export interface FunctionConfig {
  readonly config: Config
  /** Secrets that it names by ARN. */
  readonly arns: readonly string[]
}

/**
 * Reads the configuration of the scheduled function: `ONETRIGGER_CONFIG` is a file of the bundle, `s3://bucket/key`, or the ARN of a parameter of SSM; else
 * the variables of the function of 2019 describe it. Rejects with `ConfigError`.
 */
export async function loadFunctionConfig(env: Environment): Promise<FunctionConfig> {
  const place = env[configVariable] ?? ''
  const text = place === '' ? JSON.stringify(configOf2019(env)) : await textAt(place)
  const arns: string[] = []
  const config = loadConfig({
    flags: { config: place === '' ? 'the environment of the function' : place },
    env: place === '' ? withoutTriggers(env) : env,
    readFile: () => text,
    home: '/tmp',
    isTerminal: false,
    secret: (ref) => {
      if (!('arn' in ref)) return createSecrets(env)(ref)
      arns.push(ref.arn)
      return fixedSecret('read before the run')
    },
  })
  const table = env[tableVariable] ?? ''
  if (config.store.type === 'dynamodb') return { config, arns }
  if (table === '') {
    throw new ConfigError(
      'CONFIG_INVALID',
      `a scheduled function keeps its state in DynamoDB: set ${tableVariable}, or store: { type: dynamodb, table: NAME }`,
    )
  }
  return { config: { ...config, store: { type: 'dynamodb', table } }, arns }
}

async function textAt(place: string): Promise<string> {
  try {
    const s3 = /^s3:\/\/([^/]+)\/(.+)$/.exec(place)
    if (s3 !== null) return await objectText(s3[1] ?? '', s3[2] ?? '')
    return place.startsWith('arn:') ? await parameter(place) : await readFile(place, 'utf8')
  } catch (cause) {
    const reason = cause instanceof Error ? ` (${'code' in cause ? String(cause.code) : cause.name})` : ''
    throw new ConfigError('CONFIG_NOT_FOUND', `the configuration ${place} cannot be read${reason}`, { cause })
  }
}

async function objectText(bucket: string, key: string): Promise<string> {
  const { S3Client, GetObjectCommand } = await import('@aws-sdk/client-s3')
  const client = new S3Client({})
  try {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
    return (await Body?.transformToString()) ?? ''
  } finally {
    client.destroy()
  }
}

/** Without what describes the one trigger of the command line, which shares names with the function of 2019. */
function withoutTriggers(env: Environment): Environment {
  const others = settings
    .filter(({ scope }) => scope === 'trigger')
    .flatMap(({ env: name, envFile }) => [name, envFile])
  return Object.fromEntries(Object.entries(env).filter(([name]) => !others.includes(name)))
}

/**
 * onetrigger.yaml as the variables of the function of 2019 have it (branch onetrigger-lambda): pairs `ONETRIGGER_FOLDER_x`, `ONETRIGGER_WEBHOOK_x`, and the
 * header that its posts had. `EXECUTION_FREQUENCY` was how far it looked back; nothing depends on it any more. Throws `CONFIG_INVALID`.
 */
function configOf2019(env: Environment): object {
  const pairs = Object.keys(env).flatMap((name) => /^ONETRIGGER_FOLDER_(.+)$/.exec(name)?.[1] ?? [])
  const problems = [
    ...['ONEPROVIDER_HOST', 'ONEDATA_SPACE']
      .filter((name) => (env[name] ?? '') === '')
      .map((name) => `${name} is not set`),
    ...pairs
      .filter((pair) => (env[`ONETRIGGER_WEBHOOK_${pair}`] ?? '') === '')
      .map((pair) => `ONETRIGGER_FOLDER_${pair} has no ONETRIGGER_WEBHOOK_${pair}`),
    ...(pairs.length === 0 ? [`neither ${configVariable} nor ONETRIGGER_FOLDER_x is set`] : []),
  ]
  const named = pairs.map((pair) => ({ pair, name: labelOf(pair) }))
  problems.push(...unusableNames(named))
  if (problems.length > 0) throw new ConfigError('CONFIG_INVALID', problems.join('\n'), { details: { problems } })
  const arn = env[tokenArnVariable] ?? ''
  const token = arn === '' ? { env: tokenVariable } : { arn }
  return {
    sources: { onedata: { type: 'onedata', host: env.ONEPROVIDER_HOST, token } },
    triggers: Object.fromEntries(
      named.map(({ pair, name }) => {
        const watch = { source: 'onedata', space: env.ONEDATA_SPACE, folder: env[`ONETRIGGER_FOLDER_${pair}`] }
        return [name, { watch, deliver: [name] }]
      }),
    ),
    targets: Object.fromEntries(
      named.map(({ pair, name }) => {
        const url = { env: `ONETRIGGER_WEBHOOK_${pair}` }
        return [name, { type: 'webhook', url, headers: { 'X-Amz-Invocation-Type': 'Event' } }]
      }),
    ),
  }
}

/** Names of triggers are DNS labels, and part of every event's id. */
function labelOf(pair: string): string {
  return pair
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
}

function unusableNames(named: readonly { readonly pair: string; readonly name: string }[]): readonly string[] {
  return named.flatMap(({ pair, name }, index) => {
    if (name === '') return [`ONETRIGGER_FOLDER_${pair} has no letter or digit in its name`]
    const other = named.slice(0, index).find((before) => before.name === name)
    return other === undefined
      ? []
      : [`ONETRIGGER_FOLDER_${pair} and ONETRIGGER_FOLDER_${other.pair} have the same name`]
  })
}
