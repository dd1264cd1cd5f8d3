import { join } from 'node:path'
import { expect, it } from 'vitest'
import { runCrash } from './crash.ts'
import { pointsOf } from './points.ts'

/** Every life starts a process, on a machine that may be busy. */
const timeoutMs = 180_000

it('loses nothing and repeats only what was in flight, killed at every point in turn', {
  timeout: timeoutMs,
}, async () => {
  const points = pointsOf('sqlite')

  const report = await runCrash({
    kills: points.length,
    files: 120,
    seed: 3,
    store: 'sqlite',
    pointEvery: 1,
    lifeMs: 1_000,
  })

  expect(report).toMatchObject({ lost: [], early: [], twoIds: [], needless: [], unsettled: [], good: true })
  expect(Object.keys(report.at)).toEqual(expect.arrayContaining([...points]))
  expect(report.finished).toBeGreaterThanOrEqual(120)
})

it('reports what is lost where the store writes states and deliveries in two transactions', {
  timeout: timeoutMs,
}, async () => {
  const program = join(import.meta.dirname, 'split-child.ts')
  const split = { points: ['commit:halved'], pointEvery: 1, victim: { program }, hopelessMs: 2_000 } as const

  const report = await runCrash({ kills: 1, files: 20, seed: 1, store: 'sqlite', lifeMs: 1_000, ...split })

  expect(report.lost.length).toBeGreaterThan(0)
  expect(report.good).toBe(false)
})
