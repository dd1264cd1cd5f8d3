import { join } from 'node:path'
import { expect, it } from 'vitest'
import { runRush } from './rush.ts'

/** Every life starts a process, on a machine that may be busy. */
const timeoutMs = 180_000
const rush = { kills: 2, perLife: 4_000, seed: 3, store: 'sqlite' } as const

it('loses nothing and repeats only what was in flight, killed while a thread makes the requests', {
  timeout: timeoutMs,
}, async () => {
  const report = await runRush({ ...rush, victim: { program: child('rush-child.ts') } })

  expect(report).toMatchObject({ finished: 12_000, lost: [], early: [], twoIds: [], needless: [], good: true })
  expect(report.at).toEqual({ random: 1, 'thread:sent': 1 })
})

it('reports what is lost where a request counts as answered as soon as the thread has it', {
  timeout: timeoutMs,
}, async () => {
  const report = await runRush({ ...rush, victim: { program: child('hasty-child.ts') }, hopelessMs: 2_000 })

  expect(report.lost.length).toBeGreaterThan(0)
  expect(report.good).toBe(false)
})

function child(name: string): string {
  return join(import.meta.dirname, name)
}
