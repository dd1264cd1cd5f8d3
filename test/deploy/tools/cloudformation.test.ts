import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readFiles } from '../../architecture/repository.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { goldens } from '../goldens.ts'
import { runCfnLint } from './tool.ts'

const templates = [...readFiles(['test/deploy/golden', 'deploy/aws'], ['.yaml'])]

it('cfn-lint finds every template in order', () => {
  expect(templates).toHaveLength(Object.keys(goldens).length + 1)

  expect(runCfnLint(templates.map(([path]) => path))).toEqual({ status: 0, output: '' })
})

it.each([
  ['a run time that Lambda does not have', 'Runtime: nodejs24.x', 'Runtime: nodejs5.x', 'nodejs5.x'],
  ['a reference to nothing', 'Ref: HostRole', 'Ref: HostRoll', 'HostRoll'],
  ['a property that nothing has', 'BillingMode:', 'BilingMode:', 'BilingMode'],
  ['a job without an image', 'Image: grycap/yolov3:opencv-cudnn', 'Pullpolicy: x', 'Image'],
])('cfn-lint would see %s', (_what, before, after, word) => {
  const [, text = ''] = templates.find(([path]) => path.endsWith('/slide.yaml')) ?? []
  const file = join(tempDir(), 'broken.yaml')
  writeFileSync(file, text.replace(before, after))

  const { status, output } = runCfnLint([file])

  expect(status).not.toBe(0)
  expect(output).toContain(word)
})
