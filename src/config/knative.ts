import { z } from 'zod'
import type { Environment } from './env.ts'

/** What Knative's SinkBinding and ContainerSource put into a container's environment. */
export const knativeVariables = { sink: 'K_SINK', overrides: 'K_CE_OVERRIDES', caCerts: 'K_CA_CERTS' } as const

/** Whether Knative says where events go. */
export function hasSink(env: Environment): boolean {
  return (env[knativeVariables.sink] ?? '') !== ''
}

const overridesSchema = z.object({ extensions: z.record(z.string(), z.string()).default({}) })

/**
 * The options of the one webhook that make this process a Knative source: binary CloudEvents to the sink, with the attributes that the platform adds and
 * its table of answers. Null where it names no sink. `problems` tells of a variable that cannot be understood.
 */
export function knativeTarget(
  env: Environment,
): { readonly options: object; readonly problems: readonly string[] } | null {
  if (!hasSink(env)) return null
  const overrides = parseOverrides(env[knativeVariables.overrides] ?? '')
  const options = {
    url: { env: knativeVariables.sink },
    format: 'cloudevents-binary',
    policy: 'knative',
    ...(overrides === null ? {} : { extensions: overrides }),
    ...((env[knativeVariables.caCerts] ?? '') === '' ? {} : { ca: { env: knativeVariables.caCerts } }),
  }
  const problem = `${knativeVariables.overrides} is no JSON of the form {"extensions":{"name":"value"}}`
  return { options, problems: overrides === null ? [problem] : [] }
}

function parseOverrides(text: string): Readonly<Record<string, string>> | null {
  if (text.trim() === '') return {}
  try {
    return overridesSchema.parse(JSON.parse(text)).extensions
  } catch {
    return null
  }
}
