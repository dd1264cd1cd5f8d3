import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { z } from 'zod'
import { deployError } from '../failure.ts'

/** What every client of a deployment is made with. A person waits: a call that fails for a moment is repeated by the SDK. */
export interface ClientConfig {
  readonly region?: string
  readonly maxAttempts: number
  readonly requestHandler: object
}

/** One part of the cloud: what it can do, and its end. */
export interface Part {
  close(): void
}

/** The largest archive takes a minute over a slow line. */
const requestTimeoutMs = 120_000

export function clientConfig(region: string | null): ClientConfig {
  return {
    ...(region === null ? {} : { region }),
    maxAttempts: 3,
    requestHandler: {
      requestTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
      connectionTimeout: 10_000,
      httpAgent: new HttpAgent({ keepAlive: true }),
      httpsAgent: new HttpsAgent({ keepAlive: true }),
    },
  }
}

/** Runs calls of the SDK; what they reject with is told by what was being done. */
export async function asking<T>(doing: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    throw deployError(error, doing)
  }
}

const named = z.object({ name: z.string(), message: z.string().catch('') })

/** What `run` gives, or `value` where it rejects with an error of that name, and of such a message where one is given. */
export async function unless<T, U>(
  { name, message }: { readonly name: string; readonly message?: RegExp },
  value: U,
  run: () => Promise<T>,
): Promise<T | U> {
  try {
    return await run()
  } catch (error) {
    const { data } = named.safeParse(error)
    if (data?.name === name && (message === undefined || message.test(data.message))) return value
    throw error
  }
}
