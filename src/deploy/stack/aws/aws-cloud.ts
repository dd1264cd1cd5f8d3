import type { Cloud } from '../cloud.ts'
import { clientConfig } from './client.ts'
import { createFunctions } from './functions.ts'
import { createQuotas } from './quotas.ts'
import { createSecretsManager } from './secrets.ts'
import { createStacks } from './stacks.ts'
import { createTables } from './tables.ts'

/** AWS itself, over its SDK, which is loaded part by part as it is used. Credentials and endpoint come as AWS' own tools take them. */
export function createAwsCloud(region: string | null): Cloud {
  const config = clientConfig(region)
  const [stacks, secrets, tables, functions, quotas] = [
    createStacks(config),
    createSecretsManager(config),
    createTables(config),
    createFunctions(config),
    createQuotas(config),
  ]
  return {
    ...stacks,
    ...secrets,
    ...tables,
    ...functions,
    ...quotas,
    close: () => {
      for (const part of [stacks, secrets, tables, functions, quotas]) part.close()
    },
  }
}
