import { existsSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { withStore } from '../app/operator/open.ts'
import type { Flags } from '../config/given.ts'
import { ConfigError } from '../core/errors.ts'
import { createSystemClock } from '../lib/clock.ts'
import { beside } from './beside.ts'
import type { Io } from './io.ts'

/** `onetrigger backup FILE`: a consistent copy while everything runs. What `--force` replaces stays until the new copy is whole. */
export async function backUp(path: string, flags: Flags, io: Io): Promise<number> {
  const { store: place } = beside(flags, io)
  if (place.type === 'sqlite' && isPartOf(place.path, path)) {
    throw new ConfigError('CONFIG_INVALID', `${path} belongs to the database itself; a copy needs another name.`)
  }
  if (existsSync(path) && flags.force !== true) {
    throw new ConfigError('CONFIG_INVALID', `${path} is there already; --force replaces it.`)
  }
  const clock = createSystemClock()
  const began = clock.now()
  return withStore(place, clock, async (store) => {
    await copyThenRename(path, (fresh) => store.backup(fresh))
    const [bytes, ms] = [statSync(path).size, Math.round(clock.now() - began)]
    if (flags.json === true) io.print(JSON.stringify({ path, bytes, ms }))
    else io.print(`${path}: ${bytes} bytes in ${ms} ms`)
    return 0
  })
}

/** Whether `path` is the database in use, or one of the files that SQLite and the lock keep beside it. */
function isPartOf(database: string, path: string): boolean {
  const given = statSync(path, { throwIfNoEntry: false })
  if (given === undefined) return false
  return ['', '-wal', '-shm', '.lock'].some((suffix) => {
    const own = statSync(`${database}${suffix}`, { throwIfNoEntry: false })
    return own?.ino === given.ino && own.dev === given.dev
  })
}

/** Through a folder beside it, of a name that nothing has: a broken-off copy neither harms the last one nor passes for one. */
async function copyThenRename(path: string, copy: (fresh: string) => Promise<void>): Promise<void> {
  const folder = writing(path, () => mkdtempSync(`${path}.`))
  try {
    const fresh = join(folder, 'copy')
    await copy(fresh)
    writing(path, () => renameSync(fresh, path))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What the system does not let be written is the place that was named, and no defect. */
function writing<T>(path: string, write: () => T): T {
  try {
    return write()
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
    throw new ConfigError(
      'CONFIG_INVALID',
      `${path} cannot be written${reason}; name a file in a folder that is there.`,
      {
        cause,
      },
    )
  }
}
