import { describe, expect, test } from 'vitest'
import type { ClaimedDelivery, Outcome } from '../../src/core/delivery.ts'
import type { Target } from '../../src/core/target.ts'
import { createSystemClock } from '../../src/lib/clock.ts'
import { anEvent } from '../support/builders.ts'
import { waitFor } from '../support/wait-for.ts'

/** What a receiver can be told to do. `busy`: it works, but not now. `hang`: it takes the request and never answers. `down`: nobody is there. */
export type Behaviour = 'accept' | 'reject' | 'busy' | 'hang' | 'down'

/** A target and the receiver it talks to. */
export interface TargetWorld {
  /** Built with `contractTimeoutMs` and at least `contractConcurrency`. */
  readonly target: Target
  behave(how: Behaviour): void | Promise<void>
  /** Attempts that reached the receiver, whatever it answered. */
  asked(): number | Promise<number>
  /** Deliveries that the receiver took. */
  taken(): number | Promise<number>
  /** By what the receiver recognises each delivery that it took, in the order of their coming. */
  identities(): readonly string[] | Promise<readonly string[]>
  /** A secret that the target is given and uses; it must be in no outcome. */
  readonly secret: string
}

/** What the receiver of a target cannot show, and what it tells. */
export interface TargetTraits {
  /** The tests that need these do not exist for the target. */
  readonly cannot?: readonly Behaviour[]
  /** How long a busy receiver asks to wait, milliseconds. */
  readonly busyForMs?: number
}

/** The time-out that a world builds its target with, milliseconds. */
export const contractTimeoutMs = 1_000
/** So many deliveries are under way at once. */
export const contractConcurrency = 8

const never = new AbortController().signal

/** What every target must do, wherever it sends. A receiver should answer with more than 1 KiB, in text that is not only ASCII. */
export function targetContract(name: string, aWorld: () => Promise<TargetWorld>, traits: TargetTraits = {}): void {
  const can = (how: Behaviour) => !(traits.cannot ?? []).includes(how)

  describe(`the ${name} target`, () => {
    test('delivers once what is accepted', async () => {
      const world = await aWorld()
      await world.behave('accept')
      expect(await attempt(world, 'a')).toMatchObject({ kind: 'delivered' })
      expect(await world.taken()).toBe(1)
    })

    test('sends the same identity when a delivery is offered again, and another for another', async () => {
      const world = await aWorld()
      await world.behave('accept')
      for (const id of ['a', 'a', 'b']) await attempt(world, id)
      const [first, again, other] = await world.identities()
      expect(first).toBeTruthy()
      expect(again).toBe(first)
      expect(other).not.toBe(first)
    })

    test('does not mix deliveries that are under way at once', async () => {
      const ids = Array.from({ length: contractConcurrency }, (_, index) => `d${index}`)
      const [one, many] = [await aWorld(), await aWorld()]
      for (const world of [one, many]) await world.behave('accept')
      for (const id of ids) await attempt(one, id)
      const outcomes = await Promise.all(ids.map((id) => attempt(many, id)))
      expect(outcomes.map(({ kind }) => kind)).toEqual(ids.map(() => 'delivered'))
      expect([...(await many.identities())].sort()).toEqual([...(await one.identities())].sort())
    })

    test('may be closed twice', async () => {
      const world = await aWorld()
      await world.behave('accept')
      await attempt(world, 'a')
      await world.target.close()
      await expect(world.target.close()).resolves.toBeUndefined()
    })

    if (can('reject')) {
      test('says that an event is rejected', async () => {
        const world = await aWorld()
        await world.behave('reject')
        expect((await attempt(world, 'a')).kind).toBe('rejected')
        expect(await world.taken()).toBe(0)
      })
    }

    if (can('busy')) {
      test('says when to try again where the receiver is busy', async () => {
        const world = await aWorld()
        await world.behave('busy')
        const wait = traits.busyForMs === undefined ? {} : { retryAfterMs: traits.busyForMs }
        expect(await attempt(world, 'a')).toMatchObject({ kind: 'retry', ...wait })
        await world.behave('accept')
        expect((await attempt(world, 'a')).kind).toBe('delivered')
      })
    }

    if (can('down')) {
      test('says that nobody is there, without throwing', async () => {
        const world = await aWorld()
        await world.behave('down')
        expect((await attempt(world, 'a')).kind).toBe('unavailable')
      })
    }

    if (can('hang')) {
      hangingTests(aWorld)
    }
  })
}

function hangingTests(aWorld: () => Promise<TargetWorld>): void {
  test('gives a hanging receiver up by the time-out', async () => {
    const world = await aWorld()
    await world.behave('hang')
    const clock = createSystemClock()
    const begun = clock.now()
    expect((await attempt(world, 'a')).kind).toBe('retry')
    expect(clock.now() - begun).toBeLessThan(2 * contractTimeoutMs)
  })

  test('ends within a second with the reason of the signal when it is aborted', async () => {
    const world = await aWorld()
    await world.behave('hang')
    const stop = new AbortController()
    const reason = new Error('stopped')
    const clock = createSystemClock()
    const ended = world.target.deliver(aDelivery('a'), stop.signal).then(
      () => 'an outcome',
      (error: unknown) => error,
    )
    await waitFor('the receiver is asked', async () => (await world.asked()) > 0)
    const abortedAt = clock.now()
    stop.abort(reason)
    expect(await ended).toBe(reason)
    expect(clock.now() - abortedAt).toBeLessThan(1_000)
  })
}

/** One attempt; what holds for every outcome is looked at here. */
async function attempt(world: TargetWorld, id: string): Promise<Outcome> {
  const outcome = await world.target.deliver(aDelivery(id), never)
  expect(JSON.stringify(outcome)).not.toContain(world.secret)
  expect(Buffer.byteLength(outcome.answer?.body ?? '')).toBeLessThanOrEqual(1_024)
  return outcome
}

function aDelivery(id: string): ClaimedDelivery {
  const event = anEvent({ id: `evt_${id}`, fileId: `file-${id}`, path: `in/${id}.txt` })
  return { id: `dlv_${id}`, target: 'hook', event, attempt: 1, createdAt: 0 }
}
