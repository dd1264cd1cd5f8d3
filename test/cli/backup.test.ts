import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { backUp } from '../../src/cli/backup.ts'
import { createSystemClock } from '../../src/lib/clock.ts'
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { silentIo } from '../support/silent-io.ts'
import { tempDir } from '../support/temp-dir.ts'

it.each(['absent/copy.db', 'folder'])(
  'a backup to %s is refused with a word about the place, and leaves nothing',
  async (name) => {
    const folder = tempDir()
    mkdirSync(join(folder, 'folder'))
    const store = join(folder, 'onetrigger.db')
    await (await openSqliteStore({ path: store, clock: createSystemClock() })).close()
    const before = readdirSync(folder)

    await expect(backUp(join(folder, name), { store, force: true }, silentIo)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(`${name} cannot be written (E`),
    })
    expect(readdirSync(folder)).toEqual(before)
  },
)
