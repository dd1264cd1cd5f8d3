import { getEventListeners } from 'node:events'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { deliveryId } from '../../src/core/ids.ts'
import {
  type DynamoStoreOptions,
  openDynamoStore,
  openDynamoStoreBeside,
} from '../../src/store/dynamodb/dynamo-store.ts'
import { type Store, watchLease } from '../../src/store/store.ts'
import { aCommit, owed, watch } from '../store/commits.ts'
import { aState } from '../support/builders.ts'
import type { Dynamo } from '../support/dynamo.ts'
import { FakeClock } from '../support/fake-clock.ts'

const never = new AbortController().signal
/** What the store in DynamoDB must do beside the contract of all stores, whatever plays DynamoDB. */
export function tableContract(server: () => Dynamo): void {
  let dynamo: Dynamo
  let clock: FakeClock
  let table: string
  beforeEach(async () => {
    dynamo = server()
    clock = new FakeClock()
    table = await dynamo.makeTable()
  })
  afterEach(() => {
    dynamo.fate = () => 'answered'
  })

  async function open(more: Partial<DynamoStoreOptions> = {}): Promise<Store> {
    const store = await openDynamoStore({ table, clock, ...more })
    onTestFinished(() => store.close())
    return store
  }

  async function beside(): Promise<Store> {
    const store = await openDynamoStoreBeside({ table, clock })
    onTestFinished(() => store.close())
    return store
  }

  const claim = (store: Store) =>
    store.claim({ target: 'hook', limit: 10, now: clock.now(), leaseUntil: clock.now() + 60_000 })
  const delivered = (id: string) =>
    ({ id: deliveryId(id, 'hook'), kind: 'delivered', at: clock.now(), answer: null, job: null }) as const

  /** Operations that `work` asks the server for. */
  async function asked(work: () => Promise<unknown>): Promise<readonly string[]> {
    dynamo.requests.length = 0
    await work()
    return dynamo.requests.map(({ operation }) => operation)
  }

  it('notes the first tries of many triggers in few requests, and none where they are known', async () => {
    const store = await open()
    const names = Array.from({ length: 250 }, (_, index) => `trigger-${index}`)

    const requests = await asked(() => store.noteFirstTries(names, 5))
    expect(requests.filter((operation) => operation === 'TransactWriteItems')).toHaveLength(3)
    expect(await asked(() => store.noteFirstTries(names, 9))).toEqual([])
  })

  describe('two processes', () => {
    it('do not have the table at once', async () => {
      const first = await open()
      await expect(open()).rejects.toMatchObject({ code: 'STORE_LOCKED' })
      await first.close()
      await open()
    })

    it('follow each other: one waits until the other has given the table back', async () => {
      const first = await open()
      const second = open({ waitMs: 10_000 })
      // Fails the test where it gives up.
      second.catch(() => {})
      await first.close()
      await clock.advance(2_000)
      let isOpen = false
      void second.then(() => {
        isOpen = true
      })
      while (!isOpen) await clock.advance(100)
      expect(await (await second).triggers()).toEqual([])
    })

    it('fight: whoever was replaced writes nothing any more, and gets the table again when it is free', async () => {
      const slow = await open()
      const epoch = (await slow.lease(watchLease(watch), 'slow', 1_000))?.epoch ?? 0
      await slow.commit(aCommit({ epoch, events: [owed('early')] }))
      expect(await claim(slow)).toHaveLength(1)
      const fast = await takingOver()
      await fast.commit(
        aCommit({ states: [aState({ missedScans: 1 })], cursor: { provider: 'p', via: 'events', value: '2' } }),
      )

      const late = aCommit({ epoch, states: [aState()], events: [owed('late')] })
      await expect(slow.commit(late)).rejects.toMatchObject({ code: 'STORE_FENCED' })
      await expect(slow.settle([delivered('early')])).rejects.toMatchObject({ code: 'STORE_FENCED' })
      await expect(slow.nextDue('hook')).rejects.toMatchObject({ code: 'STORE_FENCED' })
      expect(await slow.lease(watchLease(watch), 'slow', 1_000)).toBeNull()
      expect(await fast.delivery(deliveryId('late', 'hook'))).toBeNull()
      expect((await fast.files('default', ['f1'])).get('f1')?.missedScans).toBe(1)
      // What the first one had in hand is free.
      expect(await claim(fast)).toMatchObject([{ attempt: 2 }])

      await fast.close()
      const again = await slow.lease(watchLease(watch), 'slow', 1_000)
      expect(again?.epoch).toBeGreaterThan(epoch)
      await expect(slow.commit(late)).rejects.toMatchObject({ code: 'STORE_FENCED' })
      expect((await slow.files('default', ['f1'])).get('f1')?.missedScans).toBe(1)
      await slow.settle([delivered('early')])
      expect((await slow.delivery(deliveryId('early', 'hook')))?.state).toBe('delivered')
    })

    it('fight: once the table is regained for one watch, another one that has not heard of it writes nothing either', async () => {
      const slow = await open()
      const other = { source: 'onedata', spaceId: 'space2' }
      await slow.lease(watchLease(watch), 'slow', 30_000)
      const epoch = (await slow.lease(watchLease(other), 'slow', 30_000))?.epoch ?? 0
      await slow.commit(aCommit({ watch: other, epoch, states: [aState()] }))
      const fast = await takingOver()
      await fast.commit(aCommit({ watch: other, states: [aState({ missedScans: 1 })] }))
      await fast.close()

      await expect(slow.commit(aCommit({ states: [aState({ fileId: 'f2' })] }))).rejects.toMatchObject({
        code: 'STORE_FENCED',
      })
      expect(await slow.lease(watchLease(watch), 'slow', 30_000)).not.toBeNull()
      const late = aCommit({ watch: other, epoch, states: [aState()] })
      await expect(slow.commit(late)).rejects.toMatchObject({ code: 'STORE_FENCED' })
      expect((await slow.files('default', ['f1'])).get('f1')?.missedScans).toBe(1)
    })

    it('keep the table by working, and by saying every 20 s that they live', async () => {
      await open()
      for (let passed = 0; passed < 120_000; passed += 20_000) {
        dynamo.requests.length = 0
        await clock.advance(20_000)
        // It has said so, and waits for the next time.
        while (dynamo.requests.length === 0 || clock.nextAt() === null) await clock.advance(0)
      }
      await expect(open()).rejects.toMatchObject({ code: 'STORE_LOCKED' })
    })

    /** A second process, once the first one's lease has run out: no time passes for the first. */
    async function takingOver(): Promise<Store> {
      const later = new FakeClock(clock.now() + 60_000)
      return open({ clock: later })
    }
  })

  describe('work of several transactions, where somebody else writes between two of them', () => {
    const many = Array.from({ length: 120 }, (_, n) => `f${n}`)

    /** As if somebody had written before the nth transaction from now on. */
    function interruptAt(nth: number): void {
      let count = 0
      dynamo.fate = ({ operation }) => {
        if (operation !== 'TransactWriteItems') return 'answered'
        count += 1
        return count === nth ? { reason: 'ConditionalCheckFailed' } : 'answered'
      }
    }

    it.each([1, 2, 3])('renames a trigger with its baseline (%i)', async (nth) => {
      const store = await open()
      const baseline = { trigger: 'default', state: 'done', cutMs: 5 } as const
      const states = many.map((fileId) => aState({ fileId, phase: 'complete' }))
      await store.commit(aCommit({ states, baselines: [baseline] }))
      interruptAt(nth)

      await store.renameTrigger('default', 'next')

      expect(await store.triggers()).toEqual(['next'])
      expect(await store.baseline('next')).toEqual({ ...baseline, trigger: 'next' })
      expect((await store.files('next', many)).size).toBe(many.length)
      expect((await store.files('default', many)).size).toBe(0)
    })

    it.each([1, 2])('owes one further run of each delivery, and not two (%i)', async (nth) => {
      await (await open()).commit(aCommit({ events: many.map((id) => owed(id)) }))
      const operator = await beside()
      interruptAt(nth)

      const ids = many.map((id) => deliveryId(id, 'hook'))
      const made = await operator.rerun(ids, clock.now())

      expect(made.toSorted()).toEqual(many.map((id) => deliveryId(id, 'hook', 1)).toSorted())
      expect(await operator.deliveries({ limit: 1_000 })).toHaveLength(2 * many.length)
      // Asked again, it is the run after that.
      expect(await operator.rerun(ids.slice(0, 1), clock.now())).toEqual([deliveryId('f0', 'hook', 2)])
    })
  })

  describe('a command beside', () => {
    it('replays and discards; the running process notices before it writes, and is told', async () => {
      const running = await open()
      await running.commit(aCommit({ events: [owed('a'), owed('b')] }))
      await claim(running)
      await running.settle([delivered('a')])
      const heard = running.writesByOthers(0, never)
      const operator = await beside()

      expect(await operator.replay([deliveryId('a', 'hook')], clock.now())).toBe(1)
      expect(await operator.discard([deliveryId('b', 'hook')], clock.now())).toBe(1)
      await running.settle([delivered('b')])

      expect(await heard).not.toBe(0)
      expect((await running.delivery(deliveryId('b', 'hook')))?.state).toBe('discarded')
      expect(await claim(running)).toMatchObject([{ attempt: 1, event: { id: 'a' } }])
      expect((await operator.depth())[0]).toMatchObject({ owed: 1, dead: 0 })
    })

    it('is heard within 20 s by a process that has nothing to write', async () => {
      const running = await open()
      await running.commit(aCommit({ events: [owed('a')] }))
      await claim(running)
      await running.settle([delivered('a')])
      let seen = 0
      void running.writesByOthers(0, never).then((count) => {
        seen = count
      })
      await (await beside()).replay([deliveryId('a', 'hook')], clock.now())
      await clock.advance(20_000)
      while (seen === 0) await clock.advance(0)
      expect(await running.nextDue('hook')).toBe(clock.now() - 20_000)
    })

    it('leaves nothing at the signal of a process that hears of it, however often', async () => {
      const running = await open()
      await running.commit(aCommit({ events: [owed('a')] }))
      const operator = await beside()
      const { signal } = new AbortController()

      for (let heard = 0; heard < 3; ) {
        const hearing = running.writesByOthers(heard, signal)
        await operator.saveTargetState('hook', { failingSince: heard, disabledAt: null })
        await claim(running)
        await running.saveTargetState('other', { failingSince: heard, disabledAt: null })
        heard = await hearing
      }

      expect(getEventListeners(signal, 'abort')).toHaveLength(0)
    })

    it('finds the same files in the table as the running process in memory, page by page, in the same order', async () => {
      const running = await open()
      const odd = ['\u{1F389}', 'y', 'z', '\uFFFD', '\uD800', 'x'.repeat(2_000)]
      const ids = [...odd, ...Array.from({ length: 40 }, (_, n) => `f${n}`)]
      const phase = (n: number) => (['complete', 'uploading', 'gone', 'stalled'] as const)[n % 4] ?? 'complete'
      await running.commit(
        aCommit({ states: ids.map((fileId, n) => aState({ fileId, path: `in/${n}`, phase: phase(n) })) }),
      )
      // One that was decided upon is pending again: its old state is still there.
      await running.commit(aCommit({ states: [aState({ fileId: 'f2', path: 'in/8', phase: 'settling' })] }))
      const all = async (store: Store) => {
        const found: string[] = []
        const next = () =>
          store.pageFiles('default', ['uploading', 'settling', 'stalled', 'complete'], found.at(-1) ?? null, 1)
        for (let page = await next(); page.length > 0; page = await next()) {
          found.push(...page.map(({ fileId }) => fileId))
        }
        return found
      }
      const operator = await beside()

      const inMemory = await all(running)

      expect(await all(operator)).toEqual(inMemory)
      expect(inMemory.toSorted()).toEqual(ids.filter((id, n) => phase(n) !== 'gone' || id === 'f2').toSorted())
      expect(await operator.files('default', ids)).toEqual(await running.files('default', ids))
      expect(await operator.filesByPath('default', ['in/8'])).toEqual(await running.filesByPath('default', ['in/8']))
    })

    it('says where there is no table', async () => {
      await expect(openDynamoStoreBeside({ table: 'absent', clock })).rejects.toMatchObject({ code: 'STORE_NOT_FOUND' })
      await expect(openDynamoStore({ table: 'absent', clock })).rejects.toMatchObject({ code: 'STORE_NOT_FOUND' })
    })
  })

  describe('an idle run', () => {
    /** What a run asks of the store when nothing has happened, with a provider that is listed. */
    async function idleRun(warm: object): Promise<void> {
      const store = await openDynamoStore({ table, clock, warm })
      await store.triggers()
      await store.depth()
      await store.releaseClaims()
      await store.targetState('hook')
      expect(await claim(store)).toEqual([])
      expect(await store.nextDue('hook')).toBe(clock.now() + 5_000)
      const epoch = (await store.lease(watchLease(watch), 'me', 30_000))?.epoch ?? 0
      const cursor = await store.cursor(watch)
      await store.baseline('default')
      const pending = await store.pageFiles('default', ['uploading', 'settling'], null, 1_000)
      await store.pageFiles('default', ['uploading', 'settling'], pending.at(-1)?.fileId ?? null, 1_000)
      expect((await store.files('default', ids)).size).toBe(500)
      await store.filesByPath('default', ['in/0.done'])
      await store.pageFiles('default', ['uploading', 'settling', 'stalled', 'complete'], null, 1_000)
      await store.commit(aCommit({ epoch, states: pending, cursor }))
      await store.openJobs('hook', clock.now(), 100)
      await store.releaseLease(watchLease(watch), 'me')
      await store.close()
    }

    const ids = Array.from({ length: 500 }, (_, n) => `f${n}`)

    beforeEach(async () => {
      const store = await openDynamoStore({ table, clock })
      const states = ids.map((fileId) =>
        aState({ fileId, path: `in/${fileId}`, phase: fileId === 'f7' ? 'uploading' : 'complete' }),
      )
      const baselines = [{ trigger: 'default', state: 'done', cutMs: null } as const]
      await store.commit(
        aCommit({ states, baselines, events: [owed('e')], cursor: { provider: 'p', via: 'events', value: '1' } }),
      )
      const [delivery] = await claim(store)
      const again = { kind: 'again', at: clock.now(), nextAt: clock.now() + 5_000, countAttempt: true } as const
      await store.settle([{ ...again, id: delivery?.id ?? '', reason: 'no', answer: null }])
      await store.close()
    })

    it('takes four requests in a new process and three in one that ran before', async () => {
      const warm = {}
      expect(await asked(() => idleRun(warm))).toEqual(['UpdateItem', 'Query', 'Query', 'UpdateItem'])
      expect(await asked(() => idleRun(warm))).toEqual(['UpdateItem', 'Query', 'UpdateItem'])
    })

    it('reads everything anew where somebody wrote in between', async () => {
      const warm = {}
      await idleRun(warm)
      await (await beside()).discard([deliveryId('e', 'hook')], clock.now())
      const store = await open({ warm })
      expect(await store.nextDue('hook')).toBeNull()
    })
  })

  describe('a table that is busy', () => {
    /** Moves time until the work is done. */
    async function inTime<T>(work: Promise<T>): Promise<T> {
      let isDone = false
      // Whatever it comes to, the caller sees it.
      void work
        .catch(() => {})
        .then(() => {
          isDone = true
        })
      while (!isDone) await clock.advance(100)
      return work
    }

    it.each(['TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded'])(
      'is asked again, later and later, after %s',
      async (reason) => {
        const store = await open()
        let left = 3
        const at: number[] = []
        dynamo.fate = ({ operation }) => {
          if (operation !== 'TransactWriteItems') return 'answered'
          at.push(clock.now())
          return left-- > 0 ? { reason } : 'answered'
        }
        await inTime(store.commit(aCommit({ events: [owed('a')] })))
        const waits = at.slice(1).map((each, index) => each - (at[index] ?? 0))
        expect(waits).toHaveLength(3)
        expect(waits[2]).toBeGreaterThan(waits[0] ?? 0)
        expect(await claim(store)).toHaveLength(1)
      },
    )

    it('fails the call in the end, and nothing of it is done', async () => {
      const store = await open()
      dynamo.fate = ({ operation }) => (operation === 'TransactWriteItems' ? { reason: 'ThrottlingError' } : 'answered')
      const failing = inTime(store.commit(aCommit({ events: [owed('a')] })))
      await expect(failing).rejects.toMatchObject({ code: 'STORE_FAILED' })
      dynamo.fate = () => 'answered'
      expect(await claim(store)).toEqual([])
    })
  })

  describe('a request whose answer is lost', () => {
    it('is recognised as carried out, and nothing is done twice', async () => {
      const store = await open()
      await store.commit(aCommit({ events: [owed('a')] }))
      let left = 1
      dynamo.fate = ({ operation }) => (operation === 'TransactWriteItems' && left-- > 0 ? 'cut after' : 'answered')

      expect(await claim(store)).toMatchObject([{ attempt: 1 }])

      expect(left).toBeLessThan(0)
      expect((await store.delivery(deliveryId('a', 'hook')))?.attempts).toBe(1)
    })

    it('and cannot be asked for either fails the call; what it did is found before the next', async () => {
      const store = await open()
      await store.commit(aCommit({ events: [owed('a')] }))
      let isCut = true
      dynamo.fate = ({ operation }) => {
        if (!isCut) return 'answered'
        return operation === 'TransactWriteItems' ? 'cut after' : 'cut before'
      }
      await expect(claim(store)).rejects.toMatchObject({ code: 'STORE_FAILED' })
      isCut = false
      // In nobody's hand: it is not held up.
      expect(await claim(store)).toMatchObject([{ attempt: 2 }])
    })
  })
}
