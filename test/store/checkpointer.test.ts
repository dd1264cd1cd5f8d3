import { copyFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it, onTestFinished } from 'vitest'
import { checkpointsBeside, createCheckpointer } from '../../src/store/sqlite/checkpointer.ts'
import { openDatabase } from '../../src/store/sqlite/open-database.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { tempDir } from '../support/temp-dir.ts'
import { waitFor } from '../support/wait-for.ts'

/** Pages after which SQLite copies its log by itself. */
const sqlitesOwn = 1_000

/** A database of its own, into which rows can be written, and a checkpointer that is asked for by hand. */
function aDatabase(
  options: { readonly longLog?: number; readonly threadPath?: string; readonly delivers?: boolean } = {},
) {
  const path = join(tempDir(), 'db')
  const open = openDatabase(path)
  const { database } = open
  database.exec('CREATE TABLE noted (text TEXT)')
  const clock = new FakeClock()
  const { longLog = 1_000_000, threadPath = path, delivers = true } = options
  const checkpointer = createCheckpointer(database, { path: threadPath, clock, everyRows: 10, longLog })
  if (delivers) checkpointer.delivers()
  onTestFinished(async () => {
    await checkpointer.close()
    open.close()
  })
  const insert = database.prepare('INSERT INTO noted VALUES (?)')
  const write = (rows: number) => {
    for (let row = 0; row < rows; row++) insert.run('x'.repeat(1_000))
  }
  /** Rows in the database without its log. */
  const copied = () => {
    const copy = join(tempDir(), 'copy')
    copyFileSync(path, copy)
    const alone = new DatabaseSync(copy)
    try {
      return Number(alone.prepare('SELECT count(*) AS rows FROM noted').get()?.rows)
    } catch {
      return 0 // The table itself is still in the log.
    } finally {
      alone.close()
    }
  }
  /** Resolves after the checkpoint for which commits have to wait. */
  const paused = () =>
    waitFor('commits have to wait', async () => {
      const pause = checkpointer.next()
      await pause
      return pause !== null
    })
  const logBytes = () => statSync(`${path}-wal`).size
  const pace = () => database.prepare('PRAGMA wal_autocheckpoint').get()?.wal_autocheckpoint
  return { path, checkpointer, clock, write, copied, paused, logBytes, pace }
}

describe('a checkpointer', () => {
  it('copies the log after so many rows, and holds up nobody', async () => {
    const { checkpointer, write, copied } = aDatabase()
    write(9)
    expect(checkpointer.next()).toBeNull()
    write(1)
    expect(checkpointer.next()).toBeNull()

    await waitFor('all rows are copied', () => copied() === 10)
    expect(checkpointer.next()).toBeNull()
  })

  it('has a long log begin anew, for which commits have to wait', async () => {
    const { checkpointer, write, copied, logBytes, paused } = aDatabase({ longLog: 20 })
    write(40)
    checkpointer.next()
    await paused()
    expect(copied()).toBe(40)
    const before = logBytes()

    write(30)

    expect(logBytes()).toBe(before)
  })

  it('tries again later where somebody still reads what is older', async () => {
    const { path, checkpointer, write, copied, paused } = aDatabase({ longLog: 20 })
    const reader = new DatabaseSync(path)
    reader.exec('BEGIN; SELECT count(*) FROM noted')
    write(40)
    checkpointer.next()
    await paused()
    expect(checkpointer.next()).toBeNull()

    reader.exec('COMMIT')
    reader.close()
    write(40)
    checkpointer.next()
    await paused()
    expect(copied()).toBe(80)
  })

  it('ends its thread when it has nothing to do, and starts it again', async () => {
    const { checkpointer, clock, write, copied, pace } = aDatabase()
    write(10)
    checkpointer.next()
    await waitFor('it waits for work', () => clock.nextAt() !== null)
    await clock.advance(10_000)
    expect([clock.nextAt(), pace()]).toEqual([null, sqlitesOwn])

    write(10)
    checkpointer.next()
    write(10)
    checkpointer.delivers()
    checkpointer.next()

    expect(pace()).toBe(65_536)
    await waitFor('all rows are copied', () => copied() === 30)
  })

  it('leaves it to SQLite where the thread cannot work', async () => {
    const { checkpointer, write, pace } = aDatabase({ threadPath: tempDir() })
    write(10)
    checkpointer.next()
    expect(pace()).toBe(65_536)

    await waitFor('SQLite does it', () => pace() === sqlitesOwn)
    write(10)
    expect(checkpointer.next()).toBeNull()
  })

  it('leaves it to SQLite where there is no thread to be had', async () => {
    // What cannot be handed to a thread keeps it from being made, as a system does that gives no more of them.
    const nothingToHandOver = Symbol('path') as unknown as string
    const { checkpointer, write, pace } = aDatabase({ threadPath: nothingToHandOver })
    write(10)
    checkpointer.next()
    await checkpointer.close()

    expect(pace()).toBe(sqlitesOwn)
    write(10)
    expect(checkpointer.next()).toBeNull()
  })

  it.each([
    ['nothing is delivered', { delivers: false, ms: 0 }],
    ['little is written', { delivers: true, ms: 5_000 }],
  ])('leaves it to SQLite while %s', async (_why, { delivers, ms }) => {
    const { checkpointer, clock, write, copied, pace } = aDatabase({ delivers })
    await clock.advance(ms)
    if (delivers) checkpointer.delivers()
    write(10)
    checkpointer.next()

    expect(pace()).toBe(sqlitesOwn)
    await checkpointer.close()
    expect(copied()).toBe(0)
  })

  it('lets fewer rows lie', async () => {
    const { checkpointer, write, copied } = aDatabase()
    write(9)
    checkpointer.next()

    await checkpointer.close()

    expect(copied()).toBe(0)
  })

  it('is closed after what it works at', async () => {
    const { checkpointer, write, copied } = aDatabase()
    write(10)
    checkpointer.next()

    await checkpointer.close()

    expect(copied()).toBe(10)
    write(10)
    expect(checkpointer.next()).toBeNull()
  })
})

it.each([
  ['3.44.5', false],
  ['3.44.6', true],
  ['3.46.1', false],
  ['3.50.6', false],
  ['3.50.7', true],
  ['3.51.2', false],
  ['3.51.3', true],
  ['3.53.4', true],
  ['4.0.0', true],
  ['', false],
])('SQLite %s checkpoints beside commits: %s', (version, expected) => {
  expect(checkpointsBeside(version)).toBe(expected)
})
