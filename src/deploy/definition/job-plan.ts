import { stringify } from 'yaml'
import { Secret } from '../../lib/secret.ts'
import type { DeployedSecret, HostPreparation, JobPlan } from '../plan.ts'
import { type FunctionDefinition, type StorageEntry, splitProvider } from './definition.ts'
import { currentInstanceTypes } from './instance-types.ts'

/** Where SCAR puts the supervisor on a host, and containers find it. */
const supervisorFolder = '/opt/faas-supervisor/bin'
/** Variables whose values nobody may read in the definition of a job. */
const secretName = /token|secret|passw|pwd|credential|_key$|^key$|apikey/i

/** The Batch side of a definition, and what is told about it. */
export interface JobOfDefinition {
  readonly job: JobPlan
  readonly secrets: readonly DeployedSecret[]
  readonly notes: readonly string[]
}

/** What a definition does not say itself. */
export interface JobSurroundings {
  /** Text of the user's script; null where there is none. */
  readonly script: string | null
  /** Name of the stack. */
  readonly stack: string
  /** The token for providers of Onedata that have none in the definition. Throws `CONFIG_SECRET_MISSING`. */
  readonly token: () => Secret
}

/** What SCAR would make of a definition for Batch. */
export function jobOf(definition: FunctionDefinition, { script, stack, token }: JobSurroundings): JobOfDefinition {
  const { name, image, resources } = definition
  const { types: instanceTypes, notes } = currentInstanceTypes(resources.instanceTypes, resources)
  const variables = Object.entries(definition.environment)
  const hidden = variables.filter(([key]) => secretName.test(key))
  const configuration = secretOf(stack, 'FUNCTION_CONFIG', () => base64(functionConfiguration(definition, token)))
  const secrets = hidden.map(([key, value]) => ({ key, secret: secretOf(stack, key, () => value) }))
  return {
    job: {
      name,
      image,
      command: ['/bin/sh', '-c', `echo $EVENT | ${supervisorFolder}/supervisor`],
      environment: {
        AWS_LAMBDA_FUNCTION_NAME: name,
        ...(script === null ? {} : { SCRIPT: base64(script) }),
        ...Object.fromEntries(variables.filter(([key]) => !secretName.test(key))),
      },
      secretEnvironment: {
        FUNCTION_CONFIG: configuration.parameter,
        ...Object.fromEntries(secrets.map(({ key, secret }) => [key, secret.parameter])),
      },
      vcpus: resources.vcpus,
      memory: resources.memory,
      gpus: resources.gpus,
      minVcpus: resources.minVcpus,
      maxVcpus: resources.maxVcpus,
      instanceTypes,
      reads: bucketsOf(definition, definition.input),
      writes: bucketsOf(definition, definition.output),
      network: resources.subnets.length === 0 || resources.securityGroups.length === 0 ? null : resources,
      host: supervisor(definition.supervisor),
    },
    secrets: [configuration, ...secrets.map(({ secret }) => secret)],
    notes,
  }
}

/**
 * As SCAR's launch template does it; the shape of the release's file differs: a program up to 1.5.7, an archive with a folder since. Another wrapper takes
 * this place, and that of the command.
 */
function supervisor(version: string): HostPreparation {
  const releases = 'https://github.com/grycap/faas-supervisor/releases'
  const from = version === 'latest' ? `${releases}/latest/download` : `${releases}/download/${version}`
  return {
    folder: supervisorFolder,
    script: [
      '#!/bin/bash',
      `mkdir -p ${supervisorFolder}`,
      `if ! curl --fail --location --retry 5 ${from}/supervisor --output ${supervisorFolder}/supervisor; then`,
      `  curl --fail --location --retry 5 ${from}/supervisor.zip --output /tmp/supervisor.zip`,
      `  python3 -m zipfile -e /tmp/supervisor.zip /tmp && cp -r /tmp/supervisor/. ${supervisorFolder}`,
      'fi',
      `chmod +x ${supervisorFolder}/supervisor`,
      '',
    ].join('\n'),
  }
}

/** The part of the definition that the supervisor reads. Tokens and keys are in it. */
function functionConfiguration(definition: FunctionDefinition, token: () => Secret): string {
  const { name, image, logLevel, input, output, providers } = definition
  const onedata = Object.entries(providers.onedata ?? {}).map(([id, settings]) => [
    id,
    { ...settings, token: settings.token ?? token().reveal() },
  ])
  const entries = (list: readonly StorageEntry[]) =>
    list.map(({ provider, ...rest }) => ({ storage_provider: provider, ...rest }))
  return stringify({
    name,
    log_level: logLevel,
    execution_mode: 'batch',
    container: { image },
    input: entries(input),
    output: entries(output),
    storage_providers: { ...providers, ...(onedata.length === 0 ? {} : { onedata: Object.fromEntries(onedata) }) },
  })
}

/** Places in S3 that are reached with the job's own role: those whose provider has no keys. */
function bucketsOf({ providers }: FunctionDefinition, entries: readonly StorageEntry[]): readonly string[] {
  return entries
    .map(({ provider, path }) => ({ place: splitProvider(provider), path: path.replaceAll(/^\/+|\/+$/g, '') }))
    .filter(({ place: [type, id], path }) => type === 's3' && path !== '' && !providers.s3?.[id]?.access_key)
    .map(({ path }) => path)
}

function secretOf(stack: string, variable: string, read: () => string): DeployedSecret {
  return {
    name: `${stack}/job.${variable.replaceAll(/[^\w+=.@-]/g, '-')}`,
    parameter: `JobSecret${variable.toLowerCase().replaceAll(/(?:^|[^a-z0-9]+)([a-z0-9]?)/g, (_, letter: string) => letter.toUpperCase())}`,
    read: () => new Secret(read()),
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
