import { join } from 'node:path'
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { storeContract } from '../contract/store.ts'
import { tempDir } from '../support/temp-dir.ts'

storeContract('sqlite', (clock) => openSqliteStore({ path: join(tempDir(), 'state', 'onetrigger.db'), clock }))
