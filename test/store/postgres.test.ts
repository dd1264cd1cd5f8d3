import { afterAll, beforeAll } from 'vitest'
import { silentLog } from '../../src/lib/log.ts'
import { openPostgresStore } from '../../src/store/postgres/postgres-store.ts'
import { storeContract } from '../contract/store.ts'
import { startPglite } from '../support/pglite.ts'

let pglite: Awaited<ReturnType<typeof startPglite>>
let schemas = 0
beforeAll(async () => {
  pglite = await startPglite()
})
afterAll(() => pglite.close())

storeContract('postgres', (clock) =>
  openPostgresStore({
    database: pglite.database(),
    name: 'pglite',
    schema: `s${schemas++}`,
    clock,
    databaseNow: () => clock.now(),
    log: silentLog,
  }),
)
