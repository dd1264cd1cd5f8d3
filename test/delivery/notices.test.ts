import { describe, expect, it } from 'vitest'
import type { Outcome } from '../../src/core/delivery.ts'
import { noticeTypes } from '../../src/core/event.ts'
import { DispatcherWorld } from '../support/dispatcher-world.ts'

const delivered = { kind: 'delivered' } as const
const away = { kind: 'unavailable', reason: 'no connection' } as const
const rejected = { kind: 'rejected', reason: 'it answered 422' } as const

function aWorld(
  hook: () => Outcome,
  ops: () => Outcome = () => delivered,
  events = noticeTypes as readonly (typeof noticeTypes)[number][],
) {
  return new DispatcherWorld({
    targets: { hook: { answer: hook }, ops: { answer: ops } },
    notices: { events, deliver: ['ops'] },
  })
}

describe("OneTrigger's own events", () => {
  it('tell of a delivery that is given up, with what a person needs', async () => {
    const world = aWorld(() => rejected)
    await world.owe(1, 'hook')

    await world.clock.advance(1_000)

    expect(world.attemptsOf('ops').map(({ event }) => event)).toMatchObject([
      {
        kind: 'notice',
        type: 'delivery.dead',
        subject: `delivery/${world.attemptsOf('hook')[0]?.id}`,
        data: { target: 'hook', event: 'evt_0', path: 'in/a.txt', attempts: 1, reason: 'it answered 422' },
      },
    ])
  })

  it('tell once that nothing gets through to a target, and again when that happens again', async () => {
    let answer: Outcome = away
    const world = aWorld(() => answer)
    await world.owe(2, 'hook')
    await world.clock.advance(600_000)
    expect(world.attemptsOf('ops')).toHaveLength(1)
    expect(world.attemptsOf('ops')[0]?.event).toMatchObject({ type: 'target.unhealthy', subject: 'target/hook' })
    answer = delivered
    await world.clock.advance(120_000)
    answer = away
    await world.owe(2, 'hook')

    await world.clock.advance(600_000)

    expect(new Set(world.attemptsOf('ops').map(({ event }) => event.id)).size).toBe(2)
  })

  it('do not go to the target that they are about, nor tell of notices that are given up', async () => {
    const world = new DispatcherWorld({
      targets: { ops: { answer: () => away }, picky: { answer: () => rejected } },
      notices: { events: noticeTypes, deliver: ['ops', 'picky'] },
    })
    await world.owe(1, 'ops')

    await world.clock.advance(600_000)

    const all = await world.store.deliveries({ limit: 100 })
    expect(
      all.map(({ target, event, state }) => [target, event.kind === 'notice' ? event.type : 'file', state]),
    ).toEqual([
      ['ops', 'file', 'owed'],
      ['picky', 'target.unhealthy', 'dead'],
    ])
  })

  it('tell only what they are asked for', async () => {
    const world = aWorld(() => rejected, undefined, ['target.unhealthy'])
    await world.owe(1, 'hook')

    await world.clock.advance(1_000)

    expect(world.attemptsOf('ops')).toEqual([])
  })
})
