import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { ConfigError } from '../../core/errors.ts'
import type { TargetDeps } from '../define.ts'
import { type OscarClient, parseJson } from './client.ts'
import type { OscarOptions } from './options.ts'

/** A folder in a bucket, and how to get there. */
export interface Destination {
  readonly endpoint: string
  readonly region: string
  readonly bucket: string
  /** With a slash at its end; '' is the whole bucket. */
  readonly folder: string
  readonly accessKey: string
  readonly secretKey: string
  /** Certificates to trust instead of the public authorities; null = those. */
  readonly ca: string | null
}

/** What of a service's definition tells where its input is: the first MinIO input, and that storage's address. */
const serviceSchema = z.object({
  input: z.array(z.object({ storage_provider: z.string(), path: z.string() })).default([]),
  storage_providers: z.object({
    minio: z.record(
      z.string(),
      z.object({
        endpoint: z.url(),
        region: z.string().default('us-east-1'),
        access_key: z.string(),
        secret_key: z.string(),
      }),
    ),
  }),
})

/** Where files for the service go: as configured, or as the service itself says. Rejects with `ConfigError`. */
export async function findDestination(
  options: OscarOptions,
  client: OscarClient,
  deps: TargetDeps,
  signal: AbortSignal,
): Promise<Destination> {
  const ca = typeof options.ca === 'string' ? readFileSync(options.ca, 'utf8') : caOf(options, deps)
  if (options.minio !== undefined) {
    const { endpoint, region, path, accessKey, secretKey } = options.minio
    const keys = { accessKey: deps.secret(accessKey).get().reveal(), secretKey: deps.secret(secretKey).get().reveal() }
    return { endpoint, region, ...splitPath(path), ...keys, ca }
  }
  const answer = await client.get(`/system/services/${options.service}`, signal)
  if (answer?.status !== 200) {
    const asked = `asked where the input of service ${options.service} is`
    throw new ConfigError('CONFIG_INVALID', `the cluster answered ${answer?.status} when ${asked}`)
  }
  const parsed = serviceSchema.safeParse(parseJson(answer.body))
  const input = parsed.data?.input.find(({ storage_provider }) => /^minio(\.|$)/.test(storage_provider))
  const storage = parsed.data?.storage_providers.minio[input?.storage_provider.split('.')[1] ?? 'default']
  if (storage?.access_key === 'hidden' || storage?.secret_key === 'hidden') {
    const why = 'OSCAR from 3.5 on does not tell the keys of its MinIO'
    throw new ConfigError('CONFIG_INVALID', `service ${options.service}: ${why}; give them by \`minio\``)
  }
  if (input === undefined || storage === undefined) {
    throw new ConfigError('CONFIG_INVALID', `service ${options.service} tells of no MinIO input; name one by \`minio\``)
  }
  const { endpoint, region, access_key: accessKey, secret_key: secretKey } = storage
  return { endpoint, region, ...splitPath(input.path), accessKey, secretKey, ca }
}

function caOf({ ca }: OscarOptions, deps: TargetDeps): string | null {
  return ca === undefined || typeof ca === 'string' ? null : deps.secret(ca).get().reveal()
}

/** `bucket/folder/deeper` */
function splitPath(path: string): { readonly bucket: string; readonly folder: string } {
  const [bucket = '', ...folders] = path.split('/').filter((segment) => segment !== '')
  return { bucket, folder: folders.map((folder) => `${folder}/`).join('') }
}
