import { describe, expect, it } from 'vitest'
import type { ClaimedDelivery, Outcome } from '../../src/core/delivery.ts'
import { sleep } from '../../src/lib/clock.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import type { Store } from '../../src/store/store.ts'
import { anEvent, fileEvent } from '../support/builders.ts'
import { DispatcherWorld } from '../support/dispatcher-world.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { faultyStore } from '../support/faulty-store.ts'

const week = 7 * 24 * 3_600_000

/** One target that is owed some events of files `f0`, `f1`…, and how its deliveries stand. */
async function aDispatcher(
  answer: (delivery: ClaimedDelivery, store: Store) => Outcome | Promise<Outcome>,
  events = 3,
) {
  const world: DispatcherWorld = new DispatcherWorld({
    targets: { hook: { concurrency: 2, answer: (delivery) => answer(delivery, world.store) } },
  })
  await world.owe(events, 'hook')
  const states = async () =>
    (await world.store.deliveries({ limit: 100 })).map(({ state, attempts }) => [state, attempts])
  const { clock, store, dispatcher, attempts } = world
  return { clock, store, dispatcher, attempts, states }
}

/** A target with twenty slots that is owed nothing yet, and the times at which the store was asked for deliveries since. */
async function aWatchedStore(answer: (sleeping: (ms: number) => Promise<void>) => Promise<Outcome>) {
  const clock = new FakeClock()
  const claims: number[] = []
  const memory = createMemoryStore(clock)
  const store = faultyStore(memory, {
    before: (operation) => {
      if (operation === 'claim') claims.push(clock.now())
    },
  })
  const sleeping = (ms: number) => sleep(clock, ms, new AbortController().signal)
  const world = new DispatcherWorld({
    targets: { hook: { concurrency: 20, answer: () => answer(sleeping) } },
    clock,
    store,
  })
  await clock.advance(0)
  claims.length = 0
  return { clock, memory, world, claims }
}

/** As a store of several processes may answer: what waits behind another delivery of its file is left out until that one's lease ends. */
function hiding(store: Store): Store {
  const nextDue = async () => {
    const owed = await store.deliveries({ state: 'owed', limit: 1 })
    return owed.length === 0 ? null : Date.UTC(2030, 0, 1)
  }
  return new Proxy(store, {
    get: (target, name) => {
      if (name === 'isShared') return true
      if (name === 'nextDue') return nextDue
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

describe('the dispatcher', () => {
  it('asks ever less often for what waits behind an attempt of another, and is there within a second of its end', async () => {
    const { clock, memory, world, claims } = await aWatchedStore(async () => ({ kind: 'delivered' }))
    const owe = (id: string) => memory.settle([], [{ event: anEvent({ id, fileId: 'the same' }), targets: ['hook'] }])
    await owe('evt_a')
    const now = clock.now()
    const [taken] = await memory.claim({ target: 'hook', limit: 1, now, leaseUntil: now + 600_000 })
    await owe('evt_b')
    world.dispatcher.wake(['hook'])

    await clock.advance(60_000)
    expect(claims.length).toBeLessThan(75)
    await memory.settle([{ id: taken?.id ?? '', kind: 'delivered', at: clock.now(), answer: null, job: null }], [])
    await clock.advance(1_000)

    expect(world.attempts.map(({ event }) => event.id)).toEqual(['evt_b'])
  })

  it('counts an attempt before the request is sent', async () => {
    const counts: number[] = []
    const { clock } = await aDispatcher(async (delivery, store) => {
      counts.push((await store.delivery(delivery.id))?.attempts ?? 0)
      return { kind: 'delivered' }
    })

    await clock.advance(1_000)

    expect(counts).toEqual([1, 1, 1])
  })

  it('keeps everything for a target that is down for a week, uses up nothing, and delivers it when it is back', async () => {
    let down = true
    const world = await aDispatcher(() =>
      down ? { kind: 'unavailable', reason: 'no connection' } : { kind: 'delivered' },
    )
    await world.clock.advance(week)
    expect(await world.states()).toEqual([
      ['owed', 0],
      ['owed', 0],
      ['owed', 0],
    ])
    expect(world.dispatcher.health('hook')).toMatchObject({ ok: false })
    expect(world.attempts.length).toBeLessThan(20_000)
    down = false

    await world.clock.advance(61_000)

    expect(await world.states()).toEqual([
      ['delivered', 1],
      ['delivered', 1],
      ['delivered', 1],
    ])
    expect(world.dispatcher.health('hook')).toMatchObject({ ok: true })
  })

  it('tries again by the schedule under the same id, and gives up after three days', async () => {
    const world = await aDispatcher(() => ({ kind: 'retry', reason: 'it answered 500' }), 1)
    await world.clock.advance(4_900)
    expect(world.attempts).toHaveLength(1)
    await world.clock.advance(200)
    expect(world.attempts).toHaveLength(2)

    await world.clock.advance(week)

    expect(new Set(world.attempts.map(({ id }) => id)).size).toBe(1)
    expect((await world.store.deliveries({ limit: 1 }))[0]).toMatchObject({
      state: 'dead',
      attempts: world.attempts.length,
    })
    expect(world.attempts.length).toBeGreaterThan(12)
  })

  it('does not ask the store for more where nothing is due, however many attempts end', async () => {
    let ended = 0
    const { world, clock, memory, claims } = await aWatchedStore(async (sleeping) => {
      await sleeping(10 * ++ended)
      return { kind: 'delivered' }
    })

    await world.owe(10, 'hook')
    await clock.advance(1_000)

    expect(world.attempts).toHaveLength(10)
    expect((await memory.deliveries({ limit: 20 })).map(({ state }) => state)).toEqual(Array(10).fill('delivered'))
    expect(claims).toHaveLength(1)
  })

  it('asks the store once after an attempt that failed', async () => {
    const { world, clock, claims } = await aWatchedStore(async (sleeping) => {
      await sleeping(100)
      return { kind: 'retry', reason: 'it answered 500' }
    })
    const beganAt = clock.now()

    await world.owe(1, 'hook')
    await clock.advance(1_000)

    expect(world.attempts).toHaveLength(1)
    expect(claims.map((at) => at - beganAt)).toEqual([0, 100])
  })

  it('claims what waited behind an attempt for the same file as soon as that has ended', async () => {
    const clock = new FakeClock()
    const answer = async (): Promise<Outcome> => {
      await sleep(clock, 30, new AbortController().signal)
      return { kind: 'delivered' }
    }
    const world = new DispatcherWorld({ targets: { hook: { concurrency: 20, answer } }, clock })
    const events = ['a', 'b', 'c'].map((id) => ({ event: anEvent({ id, fileId: 'the same' }), targets: ['hook'] }))
    await world.store.settle([], events)
    world.dispatcher.wake(['hook'])
    const beganAt = clock.now()
    await clock.advance(200)

    expect(world.attempts.map(({ at }) => at - beganAt)).toEqual([0, 30, 60])
  })

  it('claims so what a store of several processes had hidden, too', async () => {
    const clock = new FakeClock()
    const answer = async (): Promise<Outcome> => {
      await sleep(clock, 30, new AbortController().signal)
      return { kind: 'delivered' }
    }
    const store = hiding(createMemoryStore(clock))
    const world = new DispatcherWorld({ targets: { hook: { concurrency: 20, answer } }, clock, store })
    const events = ['a', 'b'].map((id) => ({ event: anEvent({ id, fileId: 'the same' }), targets: ['hook'] }))
    await store.settle([], events)
    world.dispatcher.wake(['hook'])
    const beganAt = clock.now()

    await clock.advance(200)

    expect(world.attempts.map(({ at }) => at - beganAt)).toEqual([0, 30])
  })

  it('asks the store now and then while that takes no outcome, though another delivery waits behind it', async () => {
    const clock = new FakeClock()
    const memory = createMemoryStore(clock)
    let [claims, isSick] = [0, false]
    const store = faultyStore(memory, {
      before: (operation) => {
        if (operation === 'claim') claims += 1
        if (operation === 'settle' && isSick) throw new Error('sick')
      },
    })
    const world = new DispatcherWorld({ targets: { hook: { answer: () => ({ kind: 'delivered' }) } }, clock, store })
    const events = ['a', 'b'].map((id) => ({ event: anEvent({ id, fileId: 'the same' }), targets: ['hook'] }))
    await store.settle([], events)
    isSick = true
    world.dispatcher.wake(['hook'])

    await clock.advance(10_000)
    expect(claims).toBeLessThan(30)
    isSick = false
    await clock.advance(2_000)

    expect(world.attempts).toHaveLength(2)
  })

  it('stops once the attempt under way has been written down, and not before', async () => {
    const clock = new FakeClock()
    const answer = async (): Promise<Outcome> => {
      await sleep(clock, 100, new AbortController().signal)
      return { kind: 'delivered' }
    }
    const world = new DispatcherWorld({ targets: { hook: { answer } }, clock })
    await world.owe(1, 'hook')
    await clock.advance(10)
    let state = 'running'
    void world.drain().then(async () => {
      state = (await world.store.deliveries({ limit: 1 }))[0]?.state ?? 'none'
    })

    await clock.advance(50)
    expect(state).toBe('running')
    await clock.advance(100)
    expect(state).toBe('delivered')
  })

  it('keeps what is refused as a dead letter at once', async () => {
    const world = await aDispatcher(
      () => ({ kind: 'rejected', reason: 'it answered 422', answer: { status: 422, body: 'no' } }),
      1,
    )

    await world.clock.advance(1_000)

    expect((await world.store.deliveries({ limit: 1 }))[0]).toMatchObject({
      state: 'dead',
      attempts: 1,
      lastAnswer: { status: 422 },
    })
  })

  it('does not let an event circle for ever that brings its receiver down while others get through', async () => {
    let fresh = 0
    const world = await aDispatcher(async (delivery, store) => {
      if (fileEvent(delivery.event).fileId === 'f0') return { kind: 'unavailable', reason: 'it answered 502' }
      // There is always another one that works.
      fresh += 1
      const event = anEvent({ id: `evt_more${fresh}`, fileId: `more${fresh}` })
      if (fresh < 300)
        await store.commit({
          watch: { source: 's', spaceId: 'x' },
          epoch: 1,
          states: [],
          forget: [],
          events: [{ event, targets: ['hook'] }],
        })
      return { kind: 'delivered' }
    }, 2)

    await world.clock.advance(60_000)

    expect(fresh).toBe(300)
    expect(world.attempts.filter(({ event }) => fileEvent(event).fileId === 'f0').length).toBeLessThan(70)
  })
})
