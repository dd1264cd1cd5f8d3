import { afterAll, beforeAll, describe } from 'vitest'
import { openDynamoStore } from '../../src/store/dynamodb/dynamo-store.ts'
import { crashContract } from '../contract/dynamo-crash.ts'
import { tableContract } from '../contract/dynamo-table.ts'
import { storeContract } from '../contract/store.ts'
import { type Dynamo, startWire } from '../support/dynamo.ts'
import { startDynamoLocal } from './dynamodb-local/dynamodb-local.ts'
import { startAws } from './moto.ts'

describe.each([
  ["Amazon's DynamoDB Local", startDynamoLocal],
  ['moto', startAws],
])('on %s', (_name, start) => {
  let dynamo: Dynamo
  let server: Awaited<ReturnType<typeof start>>
  beforeAll(async () => {
    server = await start()
    dynamo = await startWire(server.url)
  })
  afterAll(async () => {
    await dynamo.close()
    server.close()
  })

  storeContract('dynamodb', async (clock) => openDynamoStore({ table: await dynamo.makeTable(), clock }))
  tableContract(() => dynamo)
  crashContract(() => dynamo)
})
