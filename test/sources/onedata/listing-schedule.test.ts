import { expect, it } from 'vitest'
import { ListingSchedule } from '../../../src/sources/onedata/listing-schedule.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const options = { reconcileInterval: 60_000, pollInterval: 5_000 }

function aSchedule({ clock = new FakeClock(0), warm = {}, key = 'space' } = {}) {
  return { clock, schedule: new ListingSchedule({ deps: { clock, warm }, options, key }) }
}

const directories = new Set(['dir'])

it('lists again after the reconcile interval, and after the poll interval while a folder is missing', async () => {
  const { clock, schedule } = aSchedule()
  await clock.advance(1_000)

  schedule.end(false, directories)
  expect(schedule.dueAt).toBe(61_000)
  schedule.end(true, directories)
  expect(schedule.dueAt).toBe(6_000)
  schedule.end(false, directories)
  expect(schedule.dueAt).toBe(61_000)
})

it('lists at once for a gap, and once for all that are suspected before the listing begins', () => {
  const { clock, schedule } = aSchedule()
  schedule.end(false, directories)

  expect([schedule.suspectGap(), schedule.suspectGap()]).toEqual([true, false])
  expect(schedule.dueAt).toBeLessThan(clock.now())
  schedule.begin()
  schedule.end(false, directories)
  expect(schedule.dueAt).toBe(60_000)
})

it('lists again for a gap that is suspected while a listing is under way, but not at once', () => {
  const { schedule } = aSchedule()
  schedule.suspectGap()

  schedule.begin()
  expect(schedule.suspectGap()).toBe(true)
  schedule.end(false, directories)

  expect(schedule.dueAt).toBe(1_000)
})

it('never puts off a regular listing for a gap', async () => {
  const { clock, schedule } = aSchedule()
  for (let gaps = 0; gaps < 8; gaps++) {
    schedule.suspectGap()
    schedule.begin()
  }
  await clock.advance(10)
  schedule.end(true, directories)

  schedule.suspectGap()

  expect(schedule.dueAt).toBe(5_010)
})

it('goes on from the listing of an earlier run, until that is due again', async () => {
  const { clock, schedule } = aSchedule({ warm: {} })
  const warm = {}
  await clock.advance(100)
  aSchedule({ clock, warm }).schedule.end(false, directories)
  await clock.advance(59_999)

  const next = aSchedule({ clock, warm }).schedule
  expect(next.resume()).toBe(directories)
  expect(next.dueAt).toBe(60_100)
  expect(aSchedule({ clock, warm, key: 'other' }).schedule.resume()).toBeNull()
  expect(schedule.resume()).toBeNull()
  await clock.advance(1)
  expect(aSchedule({ clock, warm }).schedule.resume()).toBeNull()
})

it('does not go on from a listing that lacked a folder', () => {
  const warm = {}
  const { clock, schedule } = aSchedule({ warm })
  schedule.end(false, directories)

  schedule.end(true, directories)

  expect(aSchedule({ clock, warm }).schedule.resume()).toBeNull()
})

it('leaves a gap that no listing has answered yet to the next run', () => {
  const warm = {}
  const clock = new FakeClock(0)
  const suspecting = aSchedule({ clock, warm }).schedule
  suspecting.end(false, directories)
  suspecting.suspectGap()
  // The run ends before the listing does.
  suspecting.begin()

  expect(aSchedule({ clock, warm }).schedule.resume()).toBeNull()
})

it('leaves a gap that was suspected during the last listing to the next run', () => {
  const warm = {}
  const clock = new FakeClock(0)
  const suspecting = aSchedule({ clock, warm }).schedule
  suspecting.begin()
  suspecting.suspectGap()
  suspecting.end(false, directories)

  expect(aSchedule({ clock, warm }).schedule.resume()).toBeNull()
})
