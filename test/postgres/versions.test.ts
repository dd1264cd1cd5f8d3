import { afterAll, beforeAll, describe } from 'vitest'
import { createSystemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { fixedSecret } from '../../src/lib/secret.ts'
import { connectPostgres } from '../../src/store/postgres/connect.ts'
import { openPostgresStore } from '../../src/store/postgres/postgres-store.ts'
import { storeContract } from '../contract/store.ts'
import { type PostgresMajor, type PostgresServer, postgresVersions, startPostgres } from './server.ts'

const majors = Object.keys(postgresVersions).map(Number) as PostgresMajor[]

describe.each(majors)('on PostgreSQL %i', (major) => {
  let server: PostgresServer
  let schemas = 0
  beforeAll(async () => {
    server = await startPostgres(major)
  })
  afterAll(() => server.close())

  storeContract('postgres', (clock) => {
    const deps = { clock: createSystemClock(), log: silentLog }
    const database = connectPostgres({ url: fixedSecret(server.url), connections: 4, ...deps })
    const names = { name: database.place, schema: `s${schemas++}` }
    return openPostgresStore({ database, ...names, clock, databaseNow: () => clock.now(), log: silentLog })
  })
})
