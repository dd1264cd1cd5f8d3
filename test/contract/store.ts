import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import type { ClaimedDelivery, Delivery, Job, Outcome } from '../../src/core/delivery.ts'
import type { Event } from '../../src/core/event.ts'
import type { FileState } from '../../src/core/file-state.ts'
import { deliveryId } from '../../src/core/ids.ts'
import type { Cursor } from '../../src/core/source.ts'
import type { Clock } from '../../src/lib/clock.ts'
import { type Store, watchLease } from '../../src/store/store.ts'
import { aCommit, owed, watch } from '../store/commits.ts'
import { anEvent, aState } from '../support/builders.ts'
import { DispatcherWorld } from '../support/dispatcher-world.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { waitFor } from '../support/wait-for.ts'

const cursor: Cursor = { provider: 'p', via: 'changes', value: '42' }

/** What every store must do, whatever keeps it. */
export function storeContract(name: string, open: (clock: Clock) => Promise<Store>): void {
  describe(`the ${name} store`, () => {
    let store: Store
    let clock: FakeClock
    let start: number

    beforeEach(async () => {
      clock = new FakeClock()
      start = clock.now()
      store = await open(clock)
      const opened = store
      onTestFinished(() => opened.close())
    })

    const claim = (target = 'hook', limit = 10, leaseMs = 60_000) =>
      store.claim({ target, limit, now: clock.now(), leaseUntil: clock.now() + leaseMs })
    const claimedIds = async (target = 'hook', limit = 10) => (await claim(target, limit)).map((each) => each.event.id)
    const owe = (...ids: string[]) => store.commit(aCommit({ events: ids.map((id) => owed(id)) }))
    const find = async (id: string, target = 'hook'): Promise<Delivery | null> => store.delivery(deliveryId(id, target))
    const dlv = (id: string, target = 'hook') => deliveryId(id, target)
    const end = (id: string, kind: 'delivered' | 'dead', job: Job | null = null) => {
      const ended = { id: dlv(id), at: clock.now(), answer: { status: 418, body: 'tea' } }
      return store.settle([kind === 'dead' ? { ...ended, kind, reason: 'no' } : { ...ended, kind, job }])
    }

    describe('jobs', () => {
      const job = (id: string, state: Job['state'] = 'submitted', seenAt = start): Job => {
        return { id, state, detail: state, seenAt }
      }
      const open = async (seenBy: number, limit = 10) =>
        (await store.openJobs('hook', seenBy, limit)).map((each) => each.job.id)

      test('are kept with their delivery and asked for until they end, longest unseen first', async () => {
        await owe('a', 'b', 'c')
        await claim()
        await end('a', 'delivered', job('A', 'submitted', start + 20))
        await end('b', 'delivered', job('B', 'running', start + 10))
        await end('c', 'delivered')
        expect(await open(start + 100)).toEqual(['B', 'A'])
        expect(await open(start + 100, 1)).toEqual(['B'])
        expect(await open(start + 15)).toEqual(['B'])
        await store.saveJobs([
          { delivery: dlv('b'), job: { ...job('B', 'failed', start + 30), detail: 'it ran out of memory', log: 'l' } },
          { delivery: dlv('a'), job: job('A', 'running', start + 40) },
          { delivery: dlv('c'), job: job('C') },
          { delivery: 'dlv_of_nobody', job: job('D') },
        ])
        expect(await open(start + 100)).toEqual(['A'])
        expect(await open(start + 39)).toEqual([])
        expect((await find('b'))?.job).toMatchObject({ state: 'failed', detail: 'it ran out of memory', log: 'l' })
        expect((await find('c'))?.job).toBeNull()
      })

      test('are left as they are where another one was started since they were looked at', async () => {
        await owe('a')
        await claim()
        await end('a', 'delivered', job('A'))
        const [seen] = await store.openJobs('hook', start, 1)
        await store.replay([dlv('a')], clock.now())
        await claim()
        await end('a', 'delivered', job('B'))
        await store.saveJobs([{ delivery: seen?.delivery ?? '', job: job('A', 'succeeded', start + 9) }])
        expect((await find('a'))?.job).toMatchObject({ id: 'B', state: 'submitted' })
        expect(await open(start + 100)).toEqual(['B'])
      })

      test.each(['succeeded', 'failed', 'unknown'] as const)('that %s at once are not asked for', async (state) => {
        await owe('a')
        await claim()
        await end('a', 'delivered', job('A', state))
        expect(await open(start + 100)).toEqual([])
        expect((await find('a'))?.job?.state).toBe(state)
      })
    })

    test('remembers of a target how long it has been failing, and that it is out of service', async () => {
      const none = { failingSince: null, disabledAt: null }
      expect(await store.targetState('hook')).toEqual(none)
      await store.saveTargetState('hook', { failingSince: start, disabledAt: null })
      await store.saveTargetState('hook', { failingSince: start, disabledAt: start + 5 })
      expect(await store.targetState('hook')).toEqual({ failingSince: start, disabledAt: start + 5 })
      expect(await store.targetState('other')).toEqual(none)
      await store.saveTargetState('hook', none)
      expect(await store.targetState('hook')).toEqual(none)
    })

    test('lists deliveries newest first where asked, page by page', async () => {
      await owe('a', 'b', 'c')
      const first = await store.deliveries({ limit: 2, newestFirst: true })
      expect(first.map(({ event }) => event.id)).toHaveLength(2)
      const rest = await store.deliveries({ limit: 2, newestFirst: true, after: first[1]?.id ?? '' })
      const all = await store.deliveries({ limit: 9 })
      expect([...first, ...rest].map(({ id }) => id)).toEqual(all.map(({ id }) => id).toReversed())
    })

    describe('a further run', () => {
      test('is owed anew under an id of its own, each time another', async () => {
        await owe('a')
        await claim()
        await end('a', 'delivered')
        const first = await store.rerun([dlv('a'), 'dlv_of_nobody'], start + 5)
        expect(first).toEqual([deliveryId('a', 'hook', 1)])
        expect(await store.rerun([dlv('a')], start + 6)).toEqual([deliveryId('a', 'hook', 2)])
        expect(await find('a')).toMatchObject({ state: 'delivered' })
        expect(await store.delivery(first[0] ?? '')).toMatchObject({ state: 'owed', attempts: 0, event: { id: 'a' } })
        await clock.advance(10)
        expect(await claimedIds()).toEqual(['a'])
      })

      test('keeps its event while an older run is pruned', async () => {
        await owe('a')
        await claim()
        await end('a', 'delivered')
        const [again = ''] = await store.rerun([dlv('a')], clock.now())
        await store.prune({ delivered: clock.now() + 1, gone: 0 })
        expect(await find('a')).toBeNull()
        expect((await store.delivery(again))?.event).toEqual(anEvent({ id: 'a', fileId: 'file-a' }))
      })
    })

    describe('notices', () => {
      const notice = (id: string): Event => ({
        id,
        kind: 'notice',
        type: 'delivery.dead',
        subject: 'delivery/dlv_a',
        message: 'given up',
        data: { attempts: 3 },
        eventTime: start,
      })

      test('are owed in the same step that settles what they tell of, once', async () => {
        await owe('a')
        await claim()
        const dead = { id: dlv('a'), kind: 'dead', at: start, reason: 'no', answer: null } as const
        await store.settle([dead], [{ event: notice('n'), targets: ['ops'] }])
        await store.settle([dead], [{ event: notice('n'), targets: ['ops'] }])
        expect(await store.deliveries({ target: 'ops', limit: 10 })).toMatchObject([{ event: notice('n') }])
        expect(await store.deliveries({ trigger: 'default', limit: 10 })).toHaveLength(1)
      })

      test('about one thing are handed out one after the other', async () => {
        await store.settle([], [{ event: notice('n1'), targets: ['hook'] }])
        await store.settle([], [{ event: notice('n2'), targets: ['hook'] }])
        expect(await claimedIds()).toEqual(['n1'])
        await end('n1', 'delivered')
        expect(await claimedIds()).toEqual(['n2'])
      })
    })

    describe('commit', () => {
      test('takes states, events, cursor and baselines together', async () => {
        const state = aState({ evidence: null, wakeAt: 7 })
        const baseline = { trigger: 'default', state: 'scanning', cutMs: 5, unlisted: ['in/ü', 'in/b'] } as const
        await store.commit(aCommit({ states: [state], events: [owed('e')], cursor, baselines: [baseline] }))
        expect((await store.files('default', ['f1', 'absent'])).get('f1')).toEqual(state)
        expect(await store.cursor(watch)).toEqual(cursor)
        expect(await store.baseline('default')).toEqual(baseline)
        expect(await find('e')).toMatchObject({ state: 'owed', attempts: 0, nextAt: start, createdAt: start })
      })

      test('replaces a baseline whole', async () => {
        const scanning = { trigger: 'default', state: 'scanning', cutMs: 5 } as const
        for (const baseline of [
          scanning,
          { ...scanning, unlisted: [] },
          { ...scanning, unlisted: ['in/a'] },
          scanning,
        ]) {
          await store.commit(aCommit({ baselines: [baseline] }))
          expect(await store.baseline('default')).toStrictEqual(baseline)
        }
      })

      test('of a writer that lost its lease is refused whole', async () => {
        const first = await store.lease(watchLease(watch), 'A', 1000)
        expect(first).toEqual({ epoch: 1 })
        expect(await store.lease(watchLease(watch), 'B', 1000)).toBeNull()
        await clock.advance(1000)
        expect(await store.lease(watchLease(watch), 'B', 1000)).toEqual({ epoch: 2 })
        const late = aCommit({ states: [aState()], events: [owed('e')], cursor })
        await expect(store.commit(late)).rejects.toMatchObject({ code: 'STORE_FENCED' })
        expect((await store.files('default', ['f1'])).size).toBe(0)
        expect(await store.cursor(watch)).toBeNull()
        expect(await find('e')).toBeNull()
        await store.commit({ ...late, epoch: 2 })
        expect(await find('e')).not.toBeNull()
      })

      test('that is refused takes none of its neighbours with it', async () => {
        await store.lease(watchLease(watch), 'A', 1000)
        const results = await Promise.allSettled([
          store.commit(aCommit({ events: [owed('a')] })),
          store.commit(aCommit({ epoch: 9, events: [owed('b')] })),
          store.commit(aCommit({ events: [owed('c')] })),
        ])
        expect(results.map((each) => each.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
        expect([await find('a'), await find('b'), await find('c')].map((each) => each !== null)).toEqual([
          true,
          false,
          true,
        ])
      })

      test.each(['owed', 'delivered', 'dead'] as const)('leaves a known event that is %s as it is', async (state) => {
        await owe('e')
        await claim()
        if (state !== 'owed') await end('e', state)
        const before = await find('e')
        await clock.advance(5)
        await owe('e')
        expect(await find('e')).toEqual(before)
        expect(await store.deliveries({ limit: 10 })).toHaveLength(1)
      })

      test('owes a known event to a target that is new', async () => {
        await owe('e')
        await store.commit(aCommit({ events: [owed('e', ['hook', 'other'])] }))
        expect(await find('e', 'other')).toMatchObject({ state: 'owed', target: 'other' })
      })

      test.each([
        ['hook', 'other'],
        ['other', 'hook'],
      ])(
        'keeps an event that was owed to a further target later while the delivery to %s is pruned',
        async (over, left) => {
          await store.commit(aCommit({ events: [owed('e', ['hook'])] }))
          await store.commit(aCommit({ events: [owed('e', ['hook', 'other'])] }))
          await store.discard([dlv('e', over)], start)
          expect(await store.prune({ delivered: start + 1, gone: 0 })).toBe(1)
          expect(await find('e', over)).toBeNull()
          expect((await find('e', left))?.event).toEqual(owed('e').event)
          expect(await claimedIds(left)).toEqual(['e'])
          await store.settle([{ id: dlv('e', left), kind: 'delivered', at: start, answer: null, job: null }])
          expect(await store.prune({ delivered: start + 1, gone: 0 })).toBe(1)
          expect(await store.deliveries({ limit: 9 })).toEqual([])
          expect((await store.depth()).filter((each) => each.owed > 0)).toEqual([])
        },
      )

      test('owes an event to a target once, however often it is named', async () => {
        await store.commit(aCommit({ events: [owed('e', ['hook', 'hook']), owed('e')] }))
        expect(await store.deliveries({ limit: 9 })).toHaveLength(1)
      })

      test('replaces states, forgets them, and clears the cursor for null only', async () => {
        await store.commit(aCommit({ states: [aState(), aState({ fileId: 'f2' })], cursor }))
        await store.commit(
          aCommit({ states: [aState({ missedScans: 2 })], forget: [{ trigger: 'default', fileId: 'f2' }] }),
        )
        const found = await store.files('default', ['f1', 'f2'])
        expect([...found.values()].map((each) => each.missedScans)).toEqual([2])
        expect(await store.cursor(watch)).toEqual(cursor)
        await store.commit(aCommit({ cursor: null }))
        expect(await store.cursor(watch)).toBeNull()
      })
    })

    describe('the first try of a trigger', () => {
      const firstTry = async (trigger: string, at: number) => (await store.noteFirstTries([trigger], at)).get(trigger)
      const baseline = { trigger: 'default', state: 'scanning', cutMs: 7 } as const

      test('is kept as it was noted first, and is no baseline', async () => {
        expect(await firstTry('default', 5)).toBe(5)
        expect(await firstTry('default', 9)).toBe(5)
        expect(await firstTry('other', 9)).toBe(9)
        expect(await store.baseline('default')).toBeNull()
        expect(await store.triggers()).toEqual(['default', 'other'])
      })

      test('is noted together with those of hundreds of others, each as it was noted first', async () => {
        const others = Array.from({ length: 250 }, (_, index) => `other-${index}`)
        await store.noteFirstTries(['early'], 5)
        await store.commit(aCommit({ baselines: [baseline] }))

        const tries = await store.noteFirstTries(['early', 'default', ...others], 9)

        expect(tries).toEqual(new Map([['early', 5], ['default', 9], ...others.map((name) => [name, 9] as const)]))
        expect(await store.noteFirstTries(['default', ...others.toReversed(), 'early'], 11)).toEqual(
          new Map([['early', 5], ['default', 11], ...others.map((name) => [name, 9] as const)]),
        )
        expect(await store.triggers()).toHaveLength(252)
        expect(await store.noteFirstTries([], 11)).toEqual(new Map())
      })

      test('is of no interest once there is a baseline', async () => {
        await firstTry('default', 5)
        await store.commit(aCommit({ baselines: [baseline] }))
        expect(await firstTry('default', 9)).toBe(9)
        expect(await firstTry('default', 11)).toBe(11)
        expect(await store.baseline('default')).toEqual(baseline)
        expect(await store.triggers()).toEqual(['default'])
      })

      test('goes to the new name of the trigger', async () => {
        await firstTry('default', 5)
        await store.renameTrigger('default', 'next')
        expect(await store.triggers()).toEqual(['next'])
        expect(await firstTry('next', 9)).toBe(5)
        expect(await firstTry('default', 9)).toBe(9)
      })

      test('gives way to the baseline of a trigger that takes its name', async () => {
        await store.commit(aCommit({ baselines: [baseline] }))
        await firstTry('next', 5)
        await store.renameTrigger('default', 'next')
        expect(await store.baseline('next')).toEqual({ ...baseline, trigger: 'next' })
        expect(await firstTry('next', 9)).toBe(9)
      })
    })

    describe('a lease', () => {
      test('is renewed by its holder under the same epoch', async () => {
        await store.lease('l', 'A', 1000)
        await clock.advance(900)
        expect(await store.lease('l', 'A', 1000)).toEqual({ epoch: 1 })
        await clock.advance(900)
        expect(await store.lease('l', 'B', 1000)).toBeNull()
      })
    })

    describe('claim', () => {
      test('hands out the oldest first and counts the attempt', async () => {
        await owe('late')
        await claim()
        await store.settle([
          {
            id: dlv('late'),
            kind: 'again',
            at: start,
            nextAt: start + 50,
            countAttempt: true,
            reason: 'x',
            answer: null,
          },
        ])
        await clock.advance(10)
        await owe('early')
        await clock.advance(100)
        const claimed = await claim()
        expect(claimed.map((each) => [each.event.id, each.attempt])).toEqual([
          ['early', 1],
          ['late', 2],
        ])
        expect(claimed[0]?.event).toEqual(owed('early').event)
        expect((await find('late'))?.attempts).toBe(2)
      })

      test('keeps to its limit and to what is due', async () => {
        await owe('a', 'b', 'c')
        expect(await claimedIds('hook', 2)).toEqual(['a', 'b'])
        expect(await claimedIds()).toEqual(['c'])
        expect(await claimedIds()).toEqual([])
      })

      test('gives a claim to the next one when its lease has ended, with the attempt counted', async () => {
        await owe('e')
        await claim('hook', 1, 1000)
        await clock.advance(999)
        expect(await claim()).toEqual([])
        await clock.advance(1)
        expect(await claim()).toMatchObject([{ attempt: 2 }])
      })

      test('never has two of one file in flight at one target', async () => {
        await store.commit(
          aCommit({ events: [owed('a', ['hook', 'other'], 'f'), owed('b', ['hook'], 'f'), owed('c')] }),
        )
        expect(await claimedIds()).toEqual(['a', 'c'])
        expect(await claimedIds()).toEqual([])
        expect(await claimedIds('other')).toEqual(['a'])
        await end('a', 'delivered')
        expect(await claimedIds()).toEqual(['b'])
      })

      test('of a target takes nothing of another', async () => {
        await store.commit(aCommit({ events: [owed('a', ['other'])] }))
        expect(await claim()).toEqual([])
        expect(await claim('nobody')).toEqual([])
        expect(await claimedIds('other')).toEqual(['a'])
      })
    })

    describe('settle', () => {
      test.each(['delivered', 'dead'] as const)('%s ends a delivery, and only one that is owed', async (kind) => {
        await owe('e')
        await claim()
        await end('e', kind)
        const after = { state: kind, attempts: 1, lastAttemptAt: start, lastAnswer: { status: 418, body: 'tea' } }
        expect(await find('e')).toMatchObject({ ...after, lastReason: kind === 'dead' ? 'no' : null })
        await end('e', kind === 'dead' ? 'delivered' : 'dead')
        expect(await find('e')).toMatchObject(after)
      })

      test.each([
        [true, 1],
        [false, 0],
      ])('again with countAttempt %s leaves %i attempts', async (countAttempt, attempts) => {
        await owe('e')
        await claim()
        const again = { kind: 'again', at: start, nextAt: start + 10, countAttempt, reason: 'down' } as const
        await store.settle([{ ...again, id: dlv('e'), answer: null }])
        expect(await find('e')).toMatchObject({ state: 'owed', attempts, nextAt: start + 10, lastReason: 'down' })
        expect(await claim()).toEqual([])
        await clock.advance(10)
        expect(await claim()).toHaveLength(1)
      })
    })

    test('replay owes dead and delivered ones again under the same id; the others stay', async () => {
      await owe('dead', 'sent', 'owed')
      await claim('hook', 2)
      await end('dead', 'dead')
      await end('sent', 'delivered')
      await clock.advance(5)
      expect(await store.replay([dlv('dead'), dlv('sent'), dlv('owed'), 'dlv_none'], clock.now())).toBe(2)
      expect(await find('dead')).toMatchObject({ state: 'owed', attempts: 0, nextAt: start + 5 })
      expect(await claimedIds()).toEqual(['owed', 'dead', 'sent'])
    })

    test('a replayed delivery is handed out as one that was tried before, though its attempts begin anew', async () => {
      await owe('sent', 'new')
      expect((await claim('hook', 1))[0]?.wasTried).toBeUndefined()
      await end('sent', 'delivered')
      await store.replay([dlv('sent')], clock.now())
      const claimed = new Map((await claim()).map((each) => [each.id, each]))
      expect(claimed.get(dlv('sent'))).toMatchObject({ attempt: 1, wasTried: true })
      expect(claimed.get(dlv('new'))?.wasTried).toBeUndefined()
    })

    test('discard gives up dead and owed ones for good', async () => {
      await owe('dead', 'sent', 'owed')
      await claim('hook', 2)
      await end('dead', 'dead')
      await end('sent', 'delivered')
      expect(await store.discard([dlv('dead'), dlv('sent'), dlv('owed'), 'dlv_none'], start)).toBe(2)
      expect((await find('owed'))?.state).toBe('discarded')
      expect(await store.replay([dlv('owed')], start)).toBe(0)
      expect(await store.discard([dlv('owed')], start)).toBe(0)
      expect(await claim()).toEqual([])
    })

    test('a discarded delivery is kept for as long as its end is recent', async () => {
      await owe('e')
      await store.discard([dlv('e')], start + 10)
      expect(await store.prune({ delivered: start + 10, gone: 0 })).toBe(0)
      expect(await store.prune({ delivered: start + 11, gone: 0 })).toBe(1)
    })

    test('nextDue tells the earliest due time or end of a claim', async () => {
      expect(await store.nextDue('hook')).toBeNull()
      await owe('a', 'b')
      expect(await store.nextDue('hook')).toBe(start)
      await claim('hook', 10, 1000)
      expect(await store.nextDue('hook')).toBe(start + 1000)
      await end('a', 'dead')
      await end('b', 'delivered')
      expect(await store.nextDue('hook')).toBeNull()
    })

    test('nextDue counts what waits behind another of its file as due, unless others may hold that up', async () => {
      await store.commit(aCommit({ events: [owed('a', ['hook'], 'f'), owed('b', ['hook'], 'f')] }))
      await claim('hook', 10, 1000)
      expect(await store.nextDue('hook')).toBe(store.isShared ? start + 1000 : start)
    })

    test('a lane delivers what waits behind another of its file as soon as that has ended', async () => {
      const answered = Promise.withResolvers<void>()
      const answer = async ({ event }: ClaimedDelivery): Promise<Outcome> => {
        if (event.id === 'a') await answered.promise
        return { kind: 'delivered' }
      }
      const world = new DispatcherWorld({ targets: { hook: { answer } }, clock, store })
      await store.settle([], [owed('a', ['hook'], 'f'), owed('b', ['hook'], 'f'), owed('c')])
      world.dispatcher.wake(['hook'])
      const ids = () => world.attempts.map(({ event }) => event.id)
      await waitFor('the first of the file and the other are delivered', async () => ids().length === 2)
      await waitFor('nothing else can be claimed', async () => (await find('c'))?.state === 'delivered')

      answered.resolve()

      await waitFor('the second follows', () => ids().includes('b'))
      expect(ids().toSorted()).toEqual(['a', 'b', 'c'])
      await waitFor('it is written down', async () => (await find('b'))?.state === 'delivered')
    })

    test('depth counts what is owed and dead per target', async () => {
      await store.commit(aCommit({ events: [owed('a', ['hook', 'other']), owed('b')] }))
      await claim()
      await end('a', 'dead')
      expect((await store.depth()).toSorted((a, b) => (a.target < b.target ? -1 : 1))).toEqual([
        { target: 'hook', owed: 1, dead: 1, oldestOwedAt: start },
        { target: 'other', owed: 1, dead: 0, oldestOwedAt: start },
      ])
      await end('b', 'delivered')
      expect((await store.depth()).find((each) => each.target === 'hook')?.oldestOwedAt).toBeNull()
    })

    test('deliveries are listed page by page, by target, trigger and state', async () => {
      for (const id of ['a', 'b', 'c']) {
        await owe(id)
        await clock.advance(1)
      }
      const page = async (after?: string) =>
        (await store.deliveries(after === undefined ? { limit: 2 } : { limit: 2, after })).map((each) => each.id)
      expect(await page()).toEqual([dlv('a'), dlv('b')])
      expect(await page(dlv('b'))).toEqual([dlv('c')])
      expect(await page(dlv('c'))).toEqual([])
      await end('b', 'dead')
      expect(await store.deliveries({ limit: 9, state: 'dead' })).toHaveLength(1)
      expect(await store.deliveries({ limit: 9, target: 'hook', trigger: 'default' })).toHaveLength(3)
      expect(await store.deliveries({ limit: 9, target: 'x' })).toEqual([])
      expect(await store.deliveries({ limit: 9, trigger: 'x' })).toEqual([])
    })

    test('pageFiles walks the files of some phases, each once and always in the same order', async () => {
      const phases = ['uploading', 'complete', 'settling', 'uploading', 'gone'] as const
      const states = Array.from({ length: 50 }, (_, n) =>
        aState({ fileId: `f${n}`, path: `in/${n}`, phase: phases[n % 5] ?? 'gone' }),
      )
      await store.commit(aCommit({ states }))
      const walk = async (limit: number) => {
        const found: FileState[] = []
        let page = await store.pageFiles('default', ['uploading', 'settling'], null, limit)
        while (page.length > 0) {
          found.push(...page)
          page = await store.pageFiles('default', ['uploading', 'settling'], page.at(-1)?.fileId ?? null, limit)
        }
        return found
      }
      const byId = (list: readonly FileState[]) => list.toSorted((a, b) => (a.fileId < b.fileId ? -1 : 1))

      const walked = await walk(7)

      expect(byId(walked)).toEqual(byId(states.filter(({ phase }) => phase === 'uploading' || phase === 'settling')))
      expect(await walk(1)).toEqual(walked)
      expect(await walk(100)).toEqual(walked)
      expect(await store.pageFiles('default', ['complete', 'gone'], null, 9)).toHaveLength(9)
      expect(await store.pageFiles('other', ['uploading'], null, 9)).toEqual([])
    })

    test('pageFiles goes on behind a file that has been forgotten meanwhile', async () => {
      await store.commit(aCommit({ states: ['f1', 'f2', 'f3'].map((fileId) => aState({ fileId })) }))
      const [first, ...others] = await store.pageFiles('default', ['uploading'], null, 9)
      await store.commit(aCommit({ forget: [{ trigger: 'default', fileId: first?.fileId ?? '' }] }))
      expect(await store.pageFiles('default', ['uploading'], first?.fileId ?? null, 9)).toEqual(others)
    })

    test('a file that is moved is found by its new path only, and by none when it has none', async () => {
      const paths = async () => (await store.filesByPath('default', ['in/a.txt', 'in/b.txt'])).map(({ path }) => path)
      await store.commit(aCommit({ states: [aState()] }))
      await store.commit(aCommit({ states: [aState({ missedScans: 1 })] }))
      expect(await store.filesByPath('default', ['in/a.txt'])).toEqual([aState({ missedScans: 1 })])
      await store.commit(aCommit({ states: [aState({ path: 'in/b.txt' })] }))
      expect(await paths()).toEqual(['in/b.txt'])
      await store.commit(aCommit({ states: [aState({ path: null, phase: 'settling' })] }))
      expect(await paths()).toEqual([])
      await store.commit(aCommit({ states: [aState({ path: null, phase: 'complete' })] }))
      expect((await store.files('default', ['f1'])).get('f1')).toMatchObject({
        path: null,
        dir: 'in',
        phase: 'complete',
      })
      await store.commit(aCommit({ states: [aState()] }))
      expect(await paths()).toEqual(['in/a.txt'])
      expect(await store.pageFiles('default', ['uploading', 'settling', 'complete'], null, 9)).toEqual([aState()])
    })

    test('filesByPath tells all files of a path, those that are gone last', async () => {
      const states = [
        aState({ fileId: 'a', phase: 'gone' }),
        aState({ fileId: 'b' }),
        aState({ fileId: 'c', path: 'x' }),
      ]
      await store.commit(aCommit({ states }))
      expect((await store.filesByPath('default', ['in/a.txt', 'y'])).map((each) => each.fileId)).toEqual(['b', 'a'])
      expect(await store.filesByPath('other', ['in/a.txt'])).toEqual([])
    })

    test('more files than one statement takes are found', async () => {
      const states = Array.from({ length: 1201 }, (_, index) => aState({ fileId: `f${index}`, path: `in/${index}` }))
      await store.commit(aCommit({ states }))
      expect(
        (
          await store.files(
            'default',
            states.map((each) => each.fileId),
          )
        ).size,
      ).toBe(1201)
      expect(
        await store.filesByPath(
          'default',
          states.map((each) => each.path ?? ''),
        ),
      ).toHaveLength(1201)
    })

    test('renameTrigger takes files and baseline along', async () => {
      const baseline = { trigger: 'default', state: 'done', cutMs: null } as const
      await store.commit(aCommit({ states: [aState()], baselines: [baseline] }))
      await store.renameTrigger('default', 'next')
      expect(await store.triggers()).toEqual(['next'])
      expect((await store.files('next', ['f1'])).get('f1')).toEqual(aState({ trigger: 'next' }))
      expect(await store.baseline('next')).toEqual({ ...baseline, trigger: 'next' })
      expect(await store.baseline('default')).toBeNull()
    })

    test('renameTrigger has what the old name knew of a file take the place of what the new one did', async () => {
      const [old, other] = [aState({ missedScans: 3 }), aState({ fileId: 'f2' })]
      const known = ['f1', 'f3'].map((fileId) => aState({ trigger: 'next', fileId }))
      await store.commit(aCommit({ states: [old, other, ...known] }))
      await store.renameTrigger('default', 'next')
      const states = await store.pageFiles('next', ['uploading'], null, 9)
      expect(states.map(({ fileId, missedScans }) => [fileId, missedScans]).toSorted()).toEqual([
        ['f1', 3],
        ['f2', 0],
        ['f3', 0],
      ])
      expect(await store.triggers()).toEqual(['next'])
    })

    test('prune deletes what is over and old, nothing that is owed, dead or pending', async () => {
      await store.commit(
        aCommit({
          states: [aState(), aState({ fileId: 'g', phase: 'gone' })],
          events: [owed('a'), owed('b'), owed('c')],
        }),
      )
      await claim()
      await end('a', 'delivered')
      await end('b', 'dead')
      expect(await store.prune({ delivered: start, gone: start })).toBe(0)
      expect(await store.prune({ delivered: start + 1, gone: start + 1 })).toBe(2)
      expect([await find('a'), (await find('b'))?.state, (await find('c'))?.state]).toEqual([null, 'dead', 'owed'])
      expect([...(await store.files('default', ['f1', 'g'])).keys()]).toEqual(['f1'])
    })

    test.each(['a\'b"c', 'ü/漢字/🎉', 'line\nfeed\ttab', '%_*?', ' ', 'x'.repeat(300)])(
      'keeps the string %j',
      async (odd) => {
        const state = aState({
          trigger: odd,
          fileId: odd,
          path: `in/${odd}`,
          dir: `in/${odd}`.slice(0, `in/${odd}`.lastIndexOf('/')),
        })
        await store.commit(
          aCommit({ states: [state], events: [{ event: anEvent({ path: odd, fileId: odd }), targets: [odd] }] }),
        )
        expect((await store.files(odd, [odd])).get(odd)).toEqual(state)
        expect(await store.filesByPath(odd, [`in/${odd}`])).toEqual([state])
        expect(await claim(odd)).toMatchObject([{ target: odd, event: { path: odd, fileId: odd } }])
      },
    )
  })
}
