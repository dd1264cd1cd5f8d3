import { describe, expect, it } from 'vitest'
import type { Outcome } from '../../src/core/delivery.ts'
import { defaultRetry } from '../../src/core/retry.ts'
import { sleep } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { freshTargetState } from '../../src/store/store.ts'
import { DispatcherWorld } from '../support/dispatcher-world.ts'
import { FakeClock } from '../support/fake-clock.ts'

const day = 86_400_000
const never = new AbortController().signal
const delivered = { kind: 'delivered' } as const
const away = { kind: 'unavailable', reason: 'no connection' } as const
const failed = { kind: 'retry', reason: 'it answered 500' } as const

describe('a target with a rate', () => {
  it('is sent that many a second, evenly', async () => {
    const world = new DispatcherWorld({ targets: { hook: { answer: () => delivered, perSecond: 10 } } })
    await world.owe(50, 'hook')

    await world.clock.advance(1_950)

    const times = world.attempts.map(({ at }) => at)
    expect(times.length).toBeGreaterThanOrEqual(19)
    expect(times.length).toBeLessThanOrEqual(21)
    const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0))
    expect(Math.max(...gaps)).toBeLessThanOrEqual(101)
    await world.clock.advance(4_000)
    expect(world.attempts).toHaveLength(50)
  })
})

describe('a failure of the target as a whole', () => {
  it('is tried again a second later where nothing got through once', async () => {
    let answers = 0
    const world = new DispatcherWorld({
      targets: { hook: { answer: () => (++answers === 1 ? away : { kind: 'delivered' }) } },
    })
    const beganAt = world.clock.now()
    await world.owe(1, 'hook')
    await world.clock.advance(5_000)
    expect(world.attempts.map(({ at, attempt }) => [at - beganAt, attempt])).toEqual([
      [0, 1],
      [1_000, 1],
    ])
  })

  it('counts no attempt that failed with the target, though others had got through before that', async () => {
    const clock = new FakeClock()
    let index = 0
    // The first begins, the second gets through; then the target is away, and the first fails as all do.
    const answer = async (): Promise<Outcome> => {
      const mine = index++
      if (mine === 0) {
        await sleep(clock, 500, never)
        return away
      }
      if (mine === 1) return { kind: 'delivered' }
      await sleep(clock, 50, never)
      return away
    }
    const world = new DispatcherWorld({ clock, targets: { hook: { concurrency: 5, answer } } })
    await world.owe(5, 'hook')
    await clock.advance(600)
    expect(world.dispatcher.health('hook').ok).toBe(false)
    const first = (await world.store.deliveries({ limit: 9 })).find(({ event }) => event.id === 'evt_0')
    expect(first).toMatchObject({ state: 'owed', attempts: 0 })
  })
})

describe('a target that asks for less', () => {
  it('gets nothing until its Retry-After is over, and then half as much', async () => {
    const throttled = { kind: 'retry', reason: '429', throttled: true, retryAfterMs: 10_000 } as const
    let answer: Outcome = delivered
    const world = new DispatcherWorld({ targets: { hook: { answer: () => answer, perSecond: 100 } } })
    await world.owe(1_000, 'hook')
    await world.clock.advance(2_000)
    answer = throttled
    await world.clock.advance(100)
    const before = world.attempts.length
    const complainedAt = world.clock.now()
    answer = delivered

    await world.clock.advance(9_000)
    expect(world.attempts.length - before).toBeLessThanOrEqual(1)
    await world.clock.advance(3_000)

    const after = world.attempts.filter(({ at }) => at > complainedAt + 9_000 && at <= complainedAt + 11_000)
    expect(after.length).toBeGreaterThan(40)
    expect(after.length).toBeLessThan(110)
  })
})

describe('a target that asks for months', () => {
  it('is sent something again after the longest pause that it may ask for', async () => {
    const hour = 3_600_000
    let answer: Outcome = { kind: 'retry', reason: '429', throttled: true, retryAfterMs: 720 * hour }
    const world = new DispatcherWorld({ targets: { hook: { answer: () => answer } } })
    await world.owe(1, 'hook')
    await world.clock.advance(10)
    answer = delivered
    await world.owe(1, 'hook')

    await world.clock.advance(hour + 60_000)

    expect((await world.store.deliveries({ limit: 9 })).map(({ state }) => state)).toEqual(['delivered', 'delivered'])
  })
})

describe('a target that asks for no more', () => {
  it('is sent nothing of what lies ready for it', async () => {
    let attempts = 0
    const clock = new FakeClock()
    const answer = async (): Promise<Outcome> => {
      const index = attempts++
      if (index < 100) return delivered
      await sleep(clock, 10, never)
      return index === 100 ? { ...away, reason: '410', disable: true } : failed
    }
    const world = new DispatcherWorld({ clock, targets: { hook: { concurrency: 4, answer } } })
    await world.owe(200, 'hook')

    await clock.advance(5_000)

    expect(world.dispatcher.health('hook').detail).toContain('disabled')
    // One takes the slot of the one that was answered so.
    expect(attempts).toBeLessThanOrEqual(105)
  })
})

describe('waiting for a target', () => {
  it('fills no log: a week without an answer is one line, and its end another', async () => {
    let answer: Outcome = away
    const lines: string[] = []
    const take = (_fields: object, message: string) => lines.push(message)
    const log = { ...silentLog, debug: take, info: take, warn: take, error: take }
    const world = new DispatcherWorld({ targets: { hook: { answer: () => answer } }, log })
    await world.owe(3, 'hook')
    await world.clock.advance(7 * day)
    answer = delivered
    await world.clock.advance(61_000)

    expect(lines.filter((line) => line !== 'delivered')).toEqual([
      'nothing gets through to the target; its deliveries wait',
      'the target works again',
    ])
  })

  it('takes what failed together for one failure: back within seconds, it is served within seconds', async () => {
    let answer: Outcome = away
    const world = new DispatcherWorld({ targets: { hook: { answer: () => answer, concurrency: 16 } } })
    await world.owe(100, 'hook')
    await world.clock.advance(500)
    expect(world.attempts).toHaveLength(16)
    answer = delivered

    await world.clock.advance(2_000)

    expect(world.attempts.length).toBeGreaterThanOrEqual(100)
  })

  it('that was away for a week costs nothing: a failure after that is only the first', async () => {
    let answer: Outcome = away
    const world = new DispatcherWorld({ targets: { hook: { answer: () => answer } } })
    await world.owe(1, 'hook')
    await world.clock.advance(7 * day)
    answer = failed
    await world.clock.advance(61_000)
    expect(await world.store.deliveries({ limit: 1 })).toMatchObject([{ state: 'owed' }])
    answer = delivered

    await world.clock.advance(600_000)

    expect(await world.store.deliveries({ limit: 1 })).toMatchObject([{ state: 'delivered' }])
  })
})

describe('an attempt that takes long', () => {
  it('does not hold up the repetition of another', async () => {
    const hang = (signal: AbortSignal) =>
      new Promise<Outcome>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    const world = new DispatcherWorld({
      targets: { hook: { answer: ({ event }, signal) => (event.id === 'evt_0' ? hang(signal) : failed) } },
    })
    await world.owe(2, 'hook')

    await world.clock.advance(40_000)

    const others = world.attempts.filter(({ event }) => event.id === 'evt_1')
    expect(others.map(({ at }) => at - (others[0]?.at ?? 0))).toEqual([0, 5_000, 35_000])
  })
})

describe('an attempt that is broken off as the process ends', () => {
  const hang = (_: unknown, signal: AbortSignal) =>
    new Promise<Outcome>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))

  it.each([
    ['counts', {}, 1, 5_000],
    ['uses up nothing where the next one goes on where it was', { longestAttemptMs: 3 * day }, 0, 0],
  ])('%s', async (_what, more, attempts, waitMs) => {
    const world = new DispatcherWorld({ targets: { hook: { answer: hang, ...more } } })
    await world.owe(1, 'hook')
    await world.clock.advance(1_000)

    await world.stop()

    expect(await world.store.deliveries({ limit: 1 })).toMatchObject([
      { state: 'owed', attempts, lastReason: 'broken off, as the process had to end' },
    ])
    expect((await world.store.nextDue('hook')) ?? 0).toBe(world.clock.now() + waitMs)
  })
})

describe('a target that is to be disabled', () => {
  const disabling = { disableAfterMs: 5 * day }

  it('is taken out of service after days of nothing but failures, keeps what is owed, and tells of it', async () => {
    const world = new DispatcherWorld({
      targets: { hook: { answer: () => away, ...disabling }, ops: { answer: () => delivered } },
      notices: { events: ['target.disabled'], deliver: ['ops', 'hook'] },
    })
    await world.owe(3, 'hook')

    await world.clock.advance(5 * day - 3_600_000)
    expect(world.attemptsOf('ops')).toEqual([])
    await world.clock.advance(2 * 3_600_000)

    expect(world.attemptsOf('ops')).toMatchObject([
      { event: { kind: 'notice', type: 'target.disabled', subject: 'target/hook' } },
    ])
    expect(world.dispatcher.health('hook').detail).toContain('disabled')
    const tried = world.attemptsOf('hook').length
    await world.clock.advance(day)
    expect(world.attemptsOf('hook')).toHaveLength(tried)
    expect(await world.store.deliveries({ target: 'hook', state: 'owed', limit: 10 })).toHaveLength(3)
  })

  it('comes back within seconds when a person says so', async () => {
    let answer: Outcome = away
    const world = new DispatcherWorld({ targets: { hook: { answer: () => answer, ...disabling } } })
    await world.owe(2, 'hook')
    await world.clock.advance(6 * day)
    answer = delivered

    await world.store.saveTargetState('hook', freshTargetState)
    await world.clock.advance(80_000)

    expect(await world.store.deliveries({ target: 'hook', state: 'delivered', limit: 10 })).toHaveLength(2)
    expect(world.dispatcher.health('hook')).toMatchObject({ ok: true })
  })

  it('is not spared by a restart', async () => {
    const first = new DispatcherWorld({ targets: { hook: { answer: () => away, ...disabling } } })
    await first.owe(1, 'hook')
    await first.clock.advance(3 * day)
    await first.stop()
    const { clock, store } = first
    const second = new DispatcherWorld({ targets: { hook: { answer: () => away, ...disabling } }, clock, store })

    await clock.advance(3 * day)

    expect(second.dispatcher.health('hook').detail).toContain('disabled')
  })

  it('starts anew with each thing that gets through', async () => {
    let count = 0
    const policy = { ...defaultRetry, delaysMs: [day], maxAgeMs: 100 * day, jitter: 0 }
    const answer = () => (++count % 4 === 0 ? delivered : failed)
    const world = new DispatcherWorld({ targets: { hook: { answer, ...disabling, retry: policy } } })
    for (let round = 0; round < 5; round++) {
      await world.owe(1, 'hook')
      await world.clock.advance(4 * day)
    }
    expect(await world.store.deliveries({ target: 'hook', state: 'delivered', limit: 10 })).toHaveLength(5)
    expect(world.dispatcher.health('hook').detail).not.toContain('disabled')
  })
})

describe('a target that left the configuration', () => {
  it('keeps what it is owed, and gets it when it returns', async () => {
    const both = { hook: { answer: () => away }, other: { answer: () => delivered } } as const
    const first = new DispatcherWorld({ targets: both })
    await first.owe(2, 'hook', 'other')
    await first.clock.advance(60_000)
    await first.stop()
    const { clock, store } = first
    const second = new DispatcherWorld({ targets: { other: both.other }, clock, store })
    await clock.advance(10 * day)
    await second.stop()
    expect(await store.depth()).toMatchObject([
      { target: 'hook', owed: 2 },
      { target: 'other', owed: 0 },
    ])

    new DispatcherWorld({ targets: { ...both, hook: { answer: () => delivered } }, clock, store })
    await clock.advance(60_000)

    expect(await store.deliveries({ target: 'hook', state: 'delivered', limit: 10 })).toHaveLength(2)
  })
})

describe('a target beside others', () => {
  it('gets all of its own while one hangs and one fails', async () => {
    const hang = (_: unknown, signal: AbortSignal) =>
      new Promise<Outcome>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    const world = new DispatcherWorld({
      targets: { healthy: { answer: () => delivered }, hangs: { answer: hang }, fails: { answer: () => failed } },
    })
    await world.owe(500, 'healthy', 'hangs', 'fails')

    await world.clock.advance(1_000)

    expect(world.attemptsOf('healthy')).toHaveLength(500)
    expect(world.attemptsOf('hangs')).toHaveLength(4)
  })
})
