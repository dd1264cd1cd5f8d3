import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { StoreError } from '../../src/core/errors.ts'
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { aBridge, aCommandTarget } from '../support/bridge.ts'
import { anEvent } from '../support/builders.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { faultyStore } from '../support/faulty-store.ts'
import { tempDir } from '../support/temp-dir.ts'
import { waitFor } from '../support/wait-for.ts'

const never = new AbortController().signal

/** The clock goes on while the command, a real process, has yet to end: far more of its time than any machine needs. */
const commandTimeoutMs = 600_000

/** A store that owes one delivery to a command that writes a line, and bridges on it, one after the other. */
async function aWorld(refuses: { operations: readonly string[] }) {
  let refusals = 0
  const clock = new FakeClock()
  const folder = tempDir()
  const sqlite = await openSqliteStore({ path: join(folder, 'store.db'), clock })
  onTestFinished(() => sqlite.close())
  await sqlite.settle([], [{ event: anEvent(), targets: ['local'] }])
  const store = faultyStore(sqlite, {
    before: (operation) => {
      if (!refuses.operations.includes(operation)) return
      refusals++
      throw new StoreError('STORE_FULL', 'the disk is full')
    },
  })
  const lines = join(folder, 'lines')
  const local = aCommandTarget(['sh', '-c', `echo sent >> ${lines}`], commandTimeoutMs)
  const start = (isReload: boolean) => {
    const bridge = aBridge({ store, clock, isReload }, { targets: new Map([['local', local]]) })
    const stop = new AbortController()
    const life = { stop, end: 'runs' }
    void bridge.run(stop.signal, never).then(
      () => (life.end = 'ended'),
      (error: unknown) => (life.end = String(error)),
    )
    onTestFinished(() => stop.abort())
    return life
  }
  const sent = () => {
    try {
      return readFileSync(lines, 'utf8').split('\n').length - 1
    } catch {
      return 0
    }
  }
  return { clock, sqlite, start, sent, refusals: () => refusals }
}

it('a reload sends nothing again whose outcome the store would not take while the bridge before ended', async () => {
  const refuses = { operations: ['settle'] as readonly string[] }
  const { clock, sqlite, start, sent, refusals } = await aWorld(refuses)
  const before = start(false)
  // That a line was written is not yet an outcome: the command has still to end.
  await waitFor('the store would not take its outcome', async () => {
    await clock.advance(10)
    return refusals() > 0
  })
  before.stop.abort()
  await waitFor('the bridge was left', async () => {
    await clock.advance(10_000)
    return before.end === 'ended'
  })

  start(true)
  await clock.advance(100)
  // There is room again.
  refuses.operations = []
  await waitFor('its outcome is written', async () => {
    await clock.advance(500)
    return (await sqlite.deliveries({ limit: 1 }))[0]?.state === 'delivered'
  })
  await clock.advance(500)

  expect(sent()).toBe(1)
})

it.each(['releaseClaims', 'triggers', 'depth'])(
  'a reload while the store refuses %s does not end the process',
  async (operation) => {
    const refuses = { operations: [] as readonly string[] }
    const { clock, start, sent } = await aWorld(refuses)
    refuses.operations = [operation]
    const next = start(true)
    await clock.advance(5_000)
    expect(next.end).toBe('runs')
    refuses.operations = []
    await waitFor('it was sent', async () => {
      await clock.advance(500)
      return sent() === 1
    })
    next.stop.abort()
    await waitFor('it has ended', async () => {
      await clock.advance(500)
      return next.end === 'ended'
    })
  },
)
