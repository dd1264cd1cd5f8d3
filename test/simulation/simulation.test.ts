import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { anEvent } from '../support/builders.ts'
import { tempDir } from '../support/temp-dir.ts'
import { withoutReconcile } from './gaps/deaf-source.ts'
import { LedgerOfLives } from './ledger-of-lives.ts'
import { runLifecycles } from './lifecycles.ts'
import { VirtualClock } from './virtual-clock.ts'
import { World } from './world.ts'

const names = { trigger: 'default', spaceId: 'space1', target: 'webhook' }

describe('a simulated run', () => {
  it('reports each version of each file once, under its id and never early, and holds little', async () => {
    const run = await runLifecycles({ files: 1_000, seed: 1, perSecond: 100 })

    expect(run.problems).toEqual([])
    expect(run.lives).toBe(1_000)
    expect(run.finished).toBeGreaterThan(1_050)
    expect(run.received).toBe(run.finished)
    expect(Math.max(...run.heapBytes)).toBeLessThan(200 * 1_048_576)
  })

  it('is the same again for the same seed, to the last request and delivery, and another one for another', async () => {
    const digest = async (seed: number) => (await runLifecycles({ files: 100, seed, perSecond: 50 })).digest

    const first = await digest(1)

    expect(await digest(1)).toBe(first)
    expect(await digest(2)).not.toBe(first)
  })

  it('works on a real database just so', async () => {
    const path = join(tempDir(), 'onetrigger.db')

    const run = await runLifecycles({
      files: 200,
      seed: 1,
      perSecond: 50,
      createStore: (clock) => openSqliteStore({ path, clock }),
    })

    expect(run.problems).toEqual([])
    expect(run.lives).toBe(200)
  })

  it('fires what came after its very first start, although the provider could not be reached until later', async () => {
    const received: string[] = []
    const world = await World.create({
      ...{ seed: 1, versions: ['25.0'], via: 'events', latencyMs: 20, failing: 0 },
      onReceived: ({ path }) => received.push(path),
    })
    const { clock, provider } = world
    provider.model.create('in/before.dat', 100)
    await clock.pass(60_000)
    await provider.stop()
    world.start()
    await clock.pass(60_000)
    provider.model.create('in/meanwhile.dat', 100)
    await clock.pass(60_000)

    await provider.start()
    await clock.pass(180_000)
    await world.close()

    expect(received).toEqual(['in/meanwhile.dat'])
  })

  it('has what happens while nobody watches told by the next listing, and says what is lost where that tells nothing', async () => {
    const receivedAfter = async (throughSource?: typeof withoutReconcile) => {
      const received: string[] = []
      const world = await World.create({
        ...{ seed: 1, versions: ['25.0'], via: 'events', latencyMs: 20, failing: 0 },
        ...(throughSource === undefined ? {} : { throughSource }),
        onReceived: ({ path }) => received.push(path),
      })
      world.start()
      await world.listed()
      world.provider.faults.events('drop', { probability: 1 })
      world.provider.model.create('in/a.dat', 100)
      await world.clock.pass(700_000)
      await world.close()
      return received
    }

    expect(await receivedAfter()).toEqual(['in/a.dat'])
    expect(await receivedAfter(withoutReconcile)).toEqual([])
  })
})

describe('the ledger of lives', () => {
  it('says what is early, what comes twice, what nobody finished, and what never comes', () => {
    const ledger = new LedgerOfLives(names)
    const version = { fileId: 'f1', size: 9, mtime: 1 }
    const [early, lost] = [
      { ...version, fileId: 'f2' },
      { ...version, fileId: 'f3' },
    ]
    const idOf = (fileId: string) => ledger.noteFinished({ ...version, fileId }, 1_000)
    for (const { fileId } of [version, early, lost]) idOf(fileId)
    const [id = '', earlyId = ''] = ledger.owed

    ledger.noteReceived(anEvent({ fileId: 'f1', eventTime: 1_000 }), id)
    ledger.noteReceived(anEvent({ fileId: 'f1', eventTime: 1_000 }), id)
    ledger.noteReceived(anEvent({ fileId: 'f2', eventTime: 999 }), earlyId)
    ledger.noteReceived(anEvent({ fileId: 'f3', eventTime: 1_000 }), 'dlv_none')
    ledger.noteReceived(anEvent({ fileId: 'f4', eventTime: 1_000 }), 'dlv_none')
    ledger.close()

    expect(ledger.problems).toEqual([
      expect.stringContaining('received twice'),
      expect.stringContaining('decided 1 ms early'),
      expect.stringContaining('no version that was ever finished'),
      expect.stringContaining('nothing of the file is owed'),
      expect.stringContaining('f3: 1 versions were never received'),
    ])
  })

  it('forgets a file that is deleted and through, and knows it again as a repeat', () => {
    const ledger = new LedgerOfLives(names)
    ledger.noteFinished({ fileId: 'f1', size: 9, mtime: 1 }, 1_000)
    const [id = ''] = ledger.owed
    ledger.noteReceived(anEvent({ fileId: 'f1', eventTime: 1_000 }), id)

    ledger.noteDeleted('f1')
    ledger.noteReceived(anEvent({ fileId: 'f1', eventTime: 1_000 }), id)

    expect(ledger.open).toBe(0)
    expect(ledger.problems).toEqual([expect.stringContaining('again, or never finished')])
  })
})

describe('the virtual clock', () => {
  it('runs timers in the order of time, and all that one promises before the next', async () => {
    const clock = new VirtualClock(0)
    const seen: string[] = []
    const later = async (text: string) => {
      for (let hop = 0; hop < 5; hop++) await new Promise<void>((resolve) => setImmediate(resolve))
      seen.push(`${clock.now()} ${text}`)
    }
    clock.timer(2_000, () => void later('second'))
    clock.timer(1_000, () => void later('first'))
    clock.timer(1_500, () => seen.push('never'))()

    await clock.pass(10_000)

    expect(seen).toEqual(['1000 first', '2000 second'])
    expect(clock.now()).toBe(10_000)
  })

  it('says that it waits for what cannot come', async () => {
    await expect(new VirtualClock().runUntil(() => false)).rejects.toThrow('did not come in time')
  })
})
