import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { deliveryId } from '../../src/core/ids.ts'
import { openSqliteStore, openSqliteStoreBeside } from '../../src/store/sqlite/sqlite-store.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { tempDir } from '../support/temp-dir.ts'
import { aCommit, owed } from './commits.ts'

// The running process follows its monotonic clock: it is behind where the machine slept, or its clock was put forward.
it.each(['replay', 'rerun'] as const)(
  '%s by a command whose clock is ahead of the running process is due at once',
  async (action) => {
    const path = join(tempDir(), 'db')
    const clock = new FakeClock()
    const running = await openSqliteStore({ path, clock })
    onTestFinished(() => running.close())
    const claim = () => running.claim({ target: 'hook', limit: 9, now: clock.now(), leaseUntil: clock.now() + 60_000 })
    await running.commit(aCommit({ events: [owed('e')] }))
    await claim()
    const id = deliveryId('e', 'hook')
    await running.settle([{ id, kind: 'dead', at: clock.now(), reason: 'no', answer: null }])
    const ahead = new FakeClock(clock.now() + 8 * 3_600_000)
    const beside = await openSqliteStoreBeside({ path, clock: ahead })
    onTestFinished(() => beside.close())

    await beside[action]([id], ahead.now())
    await clock.advance(1_000)

    expect(await claim()).toHaveLength(1)
  },
)
