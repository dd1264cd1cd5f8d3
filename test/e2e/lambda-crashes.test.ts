import { expect, it } from 'vitest'
import { bundleFunction } from '../../scripts/lambda/bundle.ts'
import { proveLambda } from '../../scripts/prove/lambda-crashes.ts'
import { tempDir } from '../support/temp-dir.ts'

it('runs of the scheduled function that are killed at random points lose nothing, fire nothing early, and give no second id', async () => {
  const folder = tempDir()
  await bundleFunction(folder)

  const proof = await proveLambda({ folder, crashes: 6, seed: 2, say: () => {} })

  expect(proof).toMatchObject({ lost: 0, early: 0, twoIds: 0, needless: 0 })
  expect(proof.finished).toBeGreaterThan(10)
}, 240_000)
