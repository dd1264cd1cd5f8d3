import { describe, expect, it } from 'vitest'
import type { ClaimedDelivery, Outcome } from '../../src/core/delivery.ts'
import { sleep } from '../../src/lib/clock.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { DispatcherWorld } from '../support/dispatcher-world.ts'
import { FakeClock } from '../support/fake-clock.ts'

const delivered: Outcome = { kind: 'delivered' }
const hang = (signal: AbortSignal) =>
  new Promise<Outcome>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))

/** A target with four slots that is owed some events; `answer` is given the number of the attempt, from 0 on, and the signal that breaks it off. */
async function aTarget(answer: (index: number, signal: AbortSignal) => Outcome | Promise<Outcome>, events = 200) {
  const clock = new FakeClock()
  const store = createMemoryStore(clock)
  const limits: number[] = []
  const claim = store.claim.bind(store)
  store.claim = (wanted) => {
    limits.push(wanted.limit)
    return claim(wanted)
  }
  let index = 0
  const hook = { concurrency: 4, answer: (_: ClaimedDelivery, signal: AbortSignal) => answer(index++, signal) }
  const world = new DispatcherWorld({ targets: { hook }, clock, store })
  await world.owe(events, 'hook')
  const counts = async () => {
    const all = await store.deliveries({ limit: 1_000 })
    const of = (state: string, attempts: number) =>
      all.filter((each) => each.state === state && each.attempts === attempts).length
    return { delivered: of('delivered', 1), unsent: of('owed', 0), underWay: of('owed', 1) }
  }
  return { world, clock, limits, counts }
}

describe('claims ahead of the free slots', () => {
  it('are made for a quick target, up to eight times its slots', async () => {
    const { clock, limits, counts, world } = await aTarget(() => delivered)

    await clock.advance(1_000)

    expect(Math.max(...limits)).toBeGreaterThan(8)
    expect(Math.max(...limits)).toBeLessThanOrEqual(36)
    expect(await counts()).toEqual({ delivered: 200, unsent: 0, underWay: 0 })
    expect(world.attempts.every(({ attempt }) => attempt === 1)).toBe(true)
  })

  it('are not made for a slow target', async () => {
    const { clock, limits, world } = await aTarget(async (_, signal) => {
      await sleep(clock, 500, signal)
      return delivered
    })

    await clock.advance(10_000)

    expect(world.attempts.length).toBeGreaterThan(60)
    expect(Math.max(...limits)).toBeLessThanOrEqual(8)
  })

  it('are handed back unsent and uncounted when the target goes away', async () => {
    const { clock, counts, world } = await aTarget(async (index, signal) => {
      if (index < 100) return delivered
      await sleep(clock, 10, signal)
      return { kind: 'unavailable', reason: 'no connection' }
    })

    await clock.advance(500)

    expect(world.dispatcher.health('hook')).toMatchObject({ ok: false })
    // The three that left while others still got through are tried again by the schedule, and have an attempt each.
    expect(await counts()).toEqual({ delivered: 100, unsent: 97, underWay: 3 })
  })

  it('are handed back when the target asks for less, and keep to what it asks for', async () => {
    const asked: Outcome = { kind: 'retry', reason: 'the receiver answered 429', throttled: true, retryAfterMs: 60_000 }
    const { clock, counts, world } = await aTarget((index) => (index === 100 ? asked : delivered))

    await clock.advance(30_000)

    expect(world.attempts.length).toBeLessThanOrEqual(108)
    expect((await counts()).unsent).toBe(200 - world.attempts.length)
  })

  it('are handed back when the process stops', async () => {
    const { clock, counts, world } = await aTarget((index, signal) => (index < 100 ? delivered : hang(signal)))
    await clock.advance(500)
    const before = await counts()

    await world.stop()

    expect(before).toMatchObject({ delivered: 100 })
    expect(before.underWay).toBeGreaterThan(4)
    // What was under way was broken off, and is tried again.
    expect(await counts()).toEqual({ delivered: 100, unsent: 96, underWay: 4 })
  })

  it('are handed back when they have waited for so long that their claim might end before the attempt', async () => {
    let free = () => {}
    const { clock, counts } = await aTarget((index, signal) => {
      if (index < 100) return delivered
      if (index > 100) return hang(signal)
      return new Promise<Outcome>((resolve) => {
        free = () => resolve(delivered)
      })
    })
    await clock.advance(20_000)
    expect((await counts()).underWay).toBeGreaterThan(4)

    free()
    await clock.advance(100)

    expect(await counts()).toEqual({ delivered: 101, unsent: 96, underWay: 3 })
  })
})
