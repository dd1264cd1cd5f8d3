import { afterAll, beforeAll } from 'vitest'
import { openDynamoStore } from '../../src/store/dynamodb/dynamo-store.ts'
import { crashContract } from '../contract/dynamo-crash.ts'
import { tableContract } from '../contract/dynamo-table.ts'
import { storeContract } from '../contract/store.ts'
import { type Dynamo, startDynalite } from '../support/dynamo.ts'

let dynamo: Dynamo
beforeAll(async () => {
  dynamo = await startDynalite()
})
afterAll(() => dynamo.close())

storeContract('dynamodb', async (clock) => openDynamoStore({ table: await dynamo.makeTable(), clock }))
tableContract(() => dynamo)
crashContract(() => dynamo)
