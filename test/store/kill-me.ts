import { createSystemClock } from '../../src/lib/clock.ts'
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { aCommit, owed } from './commits.ts'

// Commits until it is killed and prints each event's id once its commit was acknowledged.
const [path = '', life = ''] = process.argv.slice(2)
const store = await openSqliteStore({ path, clock: createSystemClock() })
for (let count = 0; ; count += 1) {
  const id = `${life}-${count}`
  await store.commit(aCommit({ events: [owed(id)] }))
  process.stdout.write(`${id}\n`)
}
