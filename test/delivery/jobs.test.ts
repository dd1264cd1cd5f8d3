import { describe, expect, it } from 'vitest'
import type { Job, JobState } from '../../src/core/delivery.ts'
import { DispatcherWorld, type DispatcherWorldOptions } from '../support/dispatcher-world.ts'

const hour = 3_600_000

/** A target whose jobs are in the states of `states`, one more at each look; an absent one is not in the answer. */
function aWorld(
  states: (job: string, look: number) => JobState | null,
  given: Pick<DispatcherWorldOptions, 'store' | 'clock' | 'isShortRun'> = {},
) {
  const looks: { readonly at: number; readonly jobs: readonly string[] }[] = []
  const world: DispatcherWorld = new DispatcherWorld({
    ...given,
    targets: {
      gpu: {
        concurrency: 500,
        answer: ({ event }) => {
          const job: Job = { id: `job-${event.id}`, state: 'submitted', detail: 'SUBMITTED', seenAt: world.clock.now() }
          return { kind: 'delivered', job }
        },
        follow: async (jobs) => {
          looks.push({ at: world.clock.now(), jobs: jobs.map(({ id }) => id) })
          return jobs.flatMap((job) => {
            const state = states(job.id, looks.length)
            return state === null ? [] : [{ ...job, state, detail: `${state} `.repeat(400), log: 'stream/1' }]
          })
        },
      },
    },
  })
  const job = async (id = 'evt_0') =>
    (await world.store.deliveries({ limit: 1_000 })).find(({ event }) => event.id === id)?.job
  return { world, looks, job }
}

it('is looked at at once in a run that soon ends', async () => {
  const first = aWorld(() => 'running')
  await first.world.owe(1, 'gpu')
  await first.world.clock.advance(10)
  await first.world.stop()
  expect(first.looks).toEqual([])

  const { store, clock } = first.world
  const next = aWorld(() => 'succeeded', { store, clock, isShortRun: true })
  await clock.advance(10)

  expect(next.looks).toHaveLength(1)
  expect(await next.job()).toMatchObject({ state: 'succeeded' })
})

describe('a job that a delivery started', () => {
  it('is looked at until it has ended, and its end is kept with the delivery', async () => {
    const { world, looks, job } = aWorld((_, look) => (look < 4 ? 'running' : 'failed'))
    await world.owe(1, 'gpu')
    await world.clock.advance(hour)

    expect(await job()).toMatchObject({ state: 'failed', log: 'stream/1' })
    expect((await job())?.detail).toHaveLength(1_024)
    expect(looks).toHaveLength(4)
  })

  it('is looked at ever more rarely while nothing happens, at last every two minutes', async () => {
    const { world, looks } = aWorld(() => 'running')
    await world.owe(1, 'gpu')
    await world.clock.advance(hour)

    const gaps = looks.slice(1).map(({ at }, index) => at - (looks[index]?.at ?? 0))
    expect(gaps.slice(0, 3)).toEqual([5_000, 10_000, 20_000])
    expect(gaps.at(-1)).toBe(120_000)
    expect(looks.length).toBeLessThan(40)
  })

  it('is asked for together with a hundred others', async () => {
    const { world, looks, job } = aWorld(() => 'succeeded')
    await world.owe(250, 'gpu')
    await world.clock.advance(10_000)

    expect(looks.map(({ jobs }) => jobs.length)).toEqual([100, 100, 50])
    expect(await job('evt_249')).toMatchObject({ state: 'succeeded' })
  })

  it('that is not in the answer is asked for again', async () => {
    const { world, job } = aWorld((_, look) => (look < 3 ? null : 'succeeded'))
    await world.owe(1, 'gpu')
    await world.clock.advance(hour)

    expect(await job()).toMatchObject({ state: 'succeeded' })
  })

  it('is followed further after a restart, and after a target that could not be asked', async () => {
    const first = aWorld(() => {
      throw new Error('no network')
    })
    await first.world.owe(1, 'gpu')
    await first.world.clock.advance(hour)
    await first.world.stop()
    expect(first.looks.length).toBeGreaterThan(20)
    const { clock, store } = first.world
    new DispatcherWorld({
      targets: {
        gpu: {
          answer: () => ({ kind: 'rejected', reason: 'nothing is owed' }),
          follow: async (jobs) => jobs.map((job) => ({ ...job, state: 'succeeded' })),
        },
      },
      clock,
      store,
    })

    await clock.advance(hour)

    expect(await first.job()).toMatchObject({ state: 'succeeded' })
  })
})
