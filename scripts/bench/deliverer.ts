// One of several processes that deliver from one PostgreSQL: node deliverer.ts DATABASE_URL SINK_URL, told to go and to stop by its parent.
import { once } from 'node:events'
import { createDispatcher } from '../../src/delivery/dispatcher.ts'
import { silentDeliveryMeter } from '../../src/delivery/meter.ts'
import { createSystemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { fixedSecret } from '../../src/lib/secret.ts'
import { connectPostgres } from '../../src/store/postgres/connect.ts'
import { openPostgresStore } from '../../src/store/postgres/postgres-store.ts'
import { signed } from './signed.ts'

const [databaseUrl = '', sinkUrl = ''] = process.argv.slice(2)
const clock = createSystemClock()
const deps = { clock, log: silentLog }
const database = connectPostgres({ url: fixedSecret(databaseUrl), connections: 10, ...deps })
const store = await openPostgresStore({ database, name: database.place, schema: 'onetrigger', ...deps })
const targets = new Map([['hook', signed(sinkUrl, clock)]])
const meter = silentDeliveryMeter
const dispatcher = createDispatcher({ store, targets, random: Math.random, meter, ...deps })
const [stop, abort] = [new AbortController(), new AbortController()]
process.on('disconnect', () => stop.abort())
process.send?.({})
await once(process, 'message')
await dispatcher.run(stop.signal, abort.signal)
for (const { target } of targets.values()) await target.close()
await store.close()
process.exit(0)
