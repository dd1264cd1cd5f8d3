import { randomUUID } from 'node:crypto'
import { processEnvironment } from '../config/env.ts'
import { ConfigError } from '../core/errors.ts'
import { openDynamoStore } from '../store/dynamodb/dynamo-store.ts'
import { createScheduledFunction } from './scheduled-function.ts'

/** Entry point of the scheduled function, as AWS Lambda calls it. */
export const handler = createScheduledFunction({
  env: processEnvironment,
  random: Math.random,
  holder: randomUUID(),
  openStore: (store, given) => {
    if (store.type !== 'dynamodb')
      throw new ConfigError('CONFIG_INVALID', 'A scheduled function keeps its state in DynamoDB.')
    return openDynamoStore({ ...store, ...given })
  },
})
