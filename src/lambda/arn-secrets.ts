import { ConfigError } from '../core/errors.ts'
import type { Clock } from '../lib/clock.ts'
import { Secret, type SecretSource } from '../lib/secret.ts'
import { endsWithin } from '../lib/within.ts'

/** A value is asked for again after this long, or in the next run once something refused it. */
const freshMs = 3_600_000
/** A function in a network without a way to AWS gets no answer at all, and the SDK waits for one without end. */
const mostMs = 20_000

interface Known {
  secret: Secret
  readAt: number
  isStale: boolean
}

/** Secrets of Secrets Manager and parameters of SSM, by ARN: read before a run, and then at hand. */
export class ArnSecrets {
  readonly #clock: Clock
  readonly #fetch: (arn: string) => Promise<string>
  readonly #known = new Map<string, Known>()

  /** `fetch` reads one; `fetchByArn` is the real one. */
  constructor(clock: Clock, fetch: (arn: string) => Promise<string> = fetchByArn) {
    this.#clock = clock
    this.#fetch = fetch
  }

  /** Reads those that are not known or may have changed. Rejects with `CONFIG_SECRET_MISSING`, which names the ARN, where one is not known and cannot be read. */
  async prepare(arns: readonly string[]): Promise<void> {
    const now = this.#clock.now()
    const wanted = [...new Set(arns)].filter((arn) => {
      const known = this.#known.get(arn)
      return known === undefined || known.isStale || now - known.readAt >= freshMs
    })
    await Promise.all(
      wanted.map(async (arn) => {
        const value = await this.#inTime(arn).catch((cause: unknown) => {
          // The old one is still the best there is, and is asked for anew by the next run.
          if (this.#known.has(arn)) return null
          const reason = cause instanceof Error ? ` (${cause.name})` : ''
          throw new ConfigError('CONFIG_SECRET_MISSING', `a secret is missing: ${arn} cannot be read${reason}`, {
            cause,
          })
        })
        if (value === null) return
        if (value === '') throw new ConfigError('CONFIG_SECRET_MISSING', `a secret is missing: ${arn} is empty`)
        this.#known.set(arn, { secret: new Secret(value), readAt: now, isStale: false })
      }),
    )
  }

  async #inTime(arn: string): Promise<string> {
    const fetching = this.#fetch(arn)
    if (await endsWithin(this.#clock, mostMs, fetching)) return fetching
    throw Object.assign(new Error('no answer in time'), { name: 'TimeoutError' })
  }

  /** The prepared value; what refuses it has it read again before the next run. */
  readonly source = (arn: string): SecretSource => {
    const known = () => {
      const value = this.#known.get(arn)
      if (value === undefined)
        throw new ConfigError('CONFIG_SECRET_MISSING', `a secret is missing: ${arn} was not read`)
      return value
    }
    return {
      get: () => known().secret,
      refresh: () => {
        known().isStale = true
        return known().secret
      },
    }
  }
}

/** One line break at the end is not part of a secret. */
async function fetchByArn(arn: string): Promise<string> {
  const value = arn.includes(':ssm:') ? await parameter(arn) : await secretsManagerSecret(arn)
  return value.replace(/\r?\n$/, '')
}

/** Decrypted; by ARN or by name. */
export async function parameter(name: string): Promise<string> {
  const { SSMClient, GetParameterCommand } = await import('@aws-sdk/client-ssm')
  const client = new SSMClient(regionOf(name))
  try {
    const { Parameter } = await client.send(new GetParameterCommand({ Name: name, WithDecryption: true }))
    return Parameter?.Value ?? ''
  } finally {
    client.destroy()
  }
}

async function secretsManagerSecret(arn: string): Promise<string> {
  const { SecretsManagerClient, GetSecretValueCommand } = await import('@aws-sdk/client-secrets-manager')
  const client = new SecretsManagerClient(regionOf(arn))
  try {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: arn }))
    return SecretString ?? ''
  } finally {
    client.destroy()
  }
}

/** What is named by ARN is where that says, wherever this runs. */
function regionOf(arn: string): { readonly region?: string } {
  const [prefix, , , region = ''] = arn.split(':')
  return prefix === 'arn' && region !== '' ? { region } : {}
}
