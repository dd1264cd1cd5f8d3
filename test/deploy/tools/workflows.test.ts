import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { tempDir } from '../../support/temp-dir.ts'
import { textOf } from '../rules.ts'
import { runActionlint } from './tool.ts'

it('actionlint finds the workflows in order', () => {
  expect(runActionlint(['-no-color', '.github/workflows/checks.yaml', '.github/workflows/release.yaml'])).toEqual({
    status: 0,
    output: '',
  })
})

it('actionlint would see an output that no job has', () => {
  const file = join(tempDir(), 'release.yaml')
  writeFileSync(
    file,
    textOf('.github/workflows/release.yaml').replace('prepare.outputs.version', 'prepare.outputs.verion'),
  )

  expect(runActionlint(['-no-color', file]).output).toContain('property "verion" is not defined')
})
