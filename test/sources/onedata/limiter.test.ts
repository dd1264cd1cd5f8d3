import { describe, expect, it } from 'vitest'
import { createLimiter } from '../../../src/sources/onedata/limiter.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { never } from './peer.ts'

describe('the limiter', () => {
  it('runs no more tasks at once than it may', async () => {
    const limiter = createLimiter(new FakeClock(), { concurrency: 2, perSecond: 100 })
    const ends: (() => void)[] = []
    const task = () => new Promise<void>((resolve) => ends.push(resolve))

    const all = [1, 2, 3].map(() => limiter.run(task, never))
    await turn()
    const before = ends.length
    ends[0]?.()
    await turn()

    expect([before, ends.length]).toEqual([2, 3])
    for (const end of ends) end()
    await Promise.all(all)
  })

  it('lets one second’s worth start at once and the rest at the rate', async () => {
    const clock = new FakeClock()
    const limiter = createLimiter(clock, { concurrency: 100, perSecond: 10 })
    const started: number[] = []
    const begin = clock.now()

    for (let i = 0; i < 15; i++) void limiter.run(async () => void started.push(clock.now() - begin), never)
    await clock.advance(1_000)

    expect(started).toEqual([...Array(10).fill(0), 100, 200, 300, 400, 500])
  })

  it('gets by with less than one request a second', async () => {
    const clock = new FakeClock()
    const limiter = createLimiter(clock, { concurrency: 1, perSecond: 0.5 })
    const started: number[] = []
    const begin = clock.now()

    for (let i = 0; i < 3; i++) void limiter.run(async () => void started.push(clock.now() - begin), never)
    await clock.advance(10_000)

    expect(started).toEqual([0, 2_000, 4_000])
  })

  it('tells when a task would begin at once, and takes nothing for it', async () => {
    const clock = new FakeClock()
    const limiter = createLimiter(clock, { concurrency: 1, perSecond: 1 })
    const told: string[] = []
    await limiter.free(never)
    await limiter.free(never)
    await limiter.run(async () => {}, never)

    void limiter.run(async () => void told.push('before it'), never)
    void limiter.free(never).then(() => told.push('free'))
    await clock.advance(1_999)
    expect(told).toEqual(['before it'])
    await clock.advance(1)

    expect(told).toEqual(['before it', 'free'])
    const abort = new AbortController()
    await limiter.run(async () => {}, never)
    const waiting = limiter.free(abort.signal)
    abort.abort(new Error('stop'))
    await expect(waiting).rejects.toThrow('stop')
  })

  it('gives the place back when a task fails', async () => {
    const limiter = createLimiter(new FakeClock(), { concurrency: 1, perSecond: 100 })

    await expect(limiter.run(() => Promise.reject(new Error('failed')), never)).rejects.toThrow('failed')

    expect(await limiter.run(async () => 'next', never)).toBe('next')
  })

  it('lets go of whoever aborts while waiting, and of its timer', async () => {
    const clock = new FakeClock()
    const limiter = createLimiter(clock, { concurrency: 1, perSecond: 1 })
    const abort = new AbortController()
    await limiter.run(async () => {}, never)

    const waiting = limiter.run(async () => {}, abort.signal)
    abort.abort(new Error('stop'))

    await expect(waiting).rejects.toThrow('stop')
    await expect(limiter.run(async () => {}, abort.signal)).rejects.toThrow('stop')
    expect(clock.nextAt()).toBeNull()
  })
})

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
