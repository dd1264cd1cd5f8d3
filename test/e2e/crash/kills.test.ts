import { describe, expect, it } from 'vitest'
import { FakeClock } from '../../support/fake-clock.ts'
import { type Books, Kills } from './kills.ts'
import { Oracle } from './oracle.ts'
import type { Aim, Point } from './points.ts'

const run = { kills: 1, files: 1, seed: 1, store: 'sqlite' } as const
const life = { kill: async () => 'SIGKILL' as const }

function books(): Books {
  const oracle = new Oracle({ trigger: 'default', spaceId: 'space', target: 'hook' })
  return { clock: new FakeClock(), oracle, store: { inFlight: async () => [] }, workload: { begun: 1 } }
}

function aimAt(point: Point): Aim {
  return { point, passage: 1, store: 'sqlite', nextVersion: 0 }
}

describe('the account of kills', () => {
  it('is bad where a life was to die at a point, and no life came by it', async () => {
    const parts = books()
    const kills = new Kills(parts)

    await kills.atRandom(life)
    expect(kills.report(run, parts.oracle.verdict(), [])).toMatchObject({ good: true, unreached: [] })
    await kills.atRandom(life, aimAt('owing:before'))

    const report = kills.report(run, parts.oracle.verdict(), [])
    expect(report).toMatchObject({ good: false, unreached: ['owing:before'], at: { random: 2 } })
  })

  it('is bad where the store owes in the end what was taken', () => {
    const parts = books()

    const report = new Kills(parts).report(run, parts.oracle.verdict(), ['dlv_1'])

    expect(report).toMatchObject({ good: false, unsettled: ['dlv_1'] })
  })
})
