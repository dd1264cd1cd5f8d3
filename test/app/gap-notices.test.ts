import { expect, it } from 'vitest'
import { tellingOfGaps } from '../../src/app/gap-notices.ts'
import { Notices } from '../../src/delivery/notices.ts'
import { silentLog } from '../../src/lib/log.ts'
import { silentSourceMeter } from '../../src/sources/define.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { FakeClock } from '../support/fake-clock.ts'

function aMeter(events: ConstructorParameters<typeof Notices>[0]['events']) {
  const clock = new FakeClock()
  const store = createMemoryStore(clock)
  const [counted, woken]: [string[], string[]] = [[], []]
  const meter = { ...silentSourceMeter, gap: (reason: string) => counted.push(reason) }
  const notices = new Notices({ events, deliver: ['ops'] })
  const onOwed = (targets: readonly string[]) => woken.push(...targets)
  const told = tellingOfGaps('datahub', meter, { store, clock, log: silentLog, notices, onOwed })
  return { clock, store, told, counted, woken }
}

it('a gap is counted, and told once however often it comes, until ten minutes have passed', async () => {
  const { clock, store, told, counted, woken } = aMeter(['source.gap'])

  for (const reason of ['an event could not be decoded', 'an event is too long']) told.gap(reason)
  await clock.advance(600_000)
  told.gap('an event is too long')
  await clock.advance(1)

  expect(counted).toHaveLength(3)
  const owed = await store.deliveries({ target: 'ops', limit: 10 })
  expect(owed.map(({ event }) => event)).toMatchObject([
    { type: 'source.gap', subject: 'source/datahub', data: { reason: 'an event could not be decoded' } },
    { type: 'source.gap', subject: 'source/datahub', data: { reason: 'an event is too long' } },
  ])
  expect(new Set(woken)).toEqual(new Set(['ops']))
})

it('a gap that nobody wants to know of is only counted', async () => {
  const { clock, store, told, counted } = aMeter(['delivery.dead'])
  told.gap('an event is too long')
  await clock.advance(1)
  expect(counted).toHaveLength(1)
  expect(await store.deliveries({ limit: 10 })).toEqual([])
})
