import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { root } from '../../architecture/repository.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { textOf } from '../rules.ts'
import { runActionlint } from './tool.ts'

it('actionlint finds the workflows in order', () => {
  const files = ['checks', 'explore', 'release'].map((name) => `.github/workflows/${name}.yaml`)

  expect(runActionlint(['-no-color', ...files])).toEqual({ status: 0, output: '' })
})

it('actionlint would see an output that no job has', () => {
  const file = join(tempDir(), 'release.yaml')
  writeFileSync(
    file,
    textOf('.github/workflows/release.yaml').replace('prepare.outputs.version', 'prepare.outputs.verion'),
  )

  expect(runActionlint(['-no-color', file]).output).toContain('property "verion" is not defined')
})

const stepsOf = z.object({
  jobs: z.object({
    prepare: z.object({ steps: z.array(z.object({ id: z.string().optional(), run: z.string().optional() })) }),
  }),
})

/** Runs the step of the release that looks at the tag, as the runner would; what it puts out. */
function lookAtTag(tag: string) {
  const { prepare } = stepsOf.parse(parse(textOf('.github/workflows/release.yaml'))).jobs
  const script = prepare.steps.find(({ id }) => id === 'version')?.run ?? 'exit 99'
  const output = join(tempDir(), 'output')
  writeFileSync(output, '')
  const env = { ...process.env, GITHUB_REF_NAME: tag, GITHUB_OUTPUT: output }
  const { status, stdout } = spawnSync('bash', ['-eo', 'pipefail', '-c', script], { cwd: root, env, encoding: 'utf8' })
  return { status, stdout, output: readFileSync(output, 'utf8') }
}

const { version } = z.object({ version: z.string() }).parse(JSON.parse(textOf('package.json')))

it('a release takes its version and its channel from the tag', () => {
  const channel = version.includes('-') ? 'next' : 'latest'

  expect(lookAtTag(`v${version}`)).toEqual({
    status: 0,
    stdout: '',
    output: `version=${version}\nchannel=${channel}\n`,
  })
})

it('a release stops at a tag that is not the version of the package', () => {
  expect(lookAtTag('v9.9.9')).toMatchObject({ status: 1, output: '', stdout: expect.stringContaining('v9.9.9') })
})
