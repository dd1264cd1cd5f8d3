import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Flags } from '../../src/config/given.ts'
import { root } from '../architecture/repository.ts'
import { deployCommand } from './deploying.ts'
import { goldens } from './goldens.ts'

describe('deploy aws --dry-run prints the template of', () => {
  it.each(Object.entries(goldens))('%s', async (name, flags) => {
    const { out, failure } = await deployCommand(flags, { env: {} })

    expect(failure).toBeNull()
    // `npx vitest run test/deploy/golden.test.ts --update` writes them.
    await expect(`${out}\n`).toMatchFileSnapshot(join(root, `test/deploy/golden/${name}.yaml`))
  })

  it.each(Object.entries(goldens))('%s, without any secret that its files hold', async (_name, flags) => {
    const { out, err } = await deployCommand({ ...flags, json: true }, { env: { ONEDATA_ACCESS_TOKEN: 'canary' } })

    expect(JSON.parse(out)).toMatchObject({ AWSTemplateFormatVersion: '2010-09-09' })
    expect(`${decoded(out)}${err}`).not.toContain('canary')
  })
})

/** With what stands in it in base64. */
function decoded(text: string): string {
  const hidden = [...text.matchAll(/"([A-Za-z0-9+/]{8,}={0,2})"/g)].map(([, run]) => Buffer.from(run ?? '', 'base64'))
  return [text, ...hidden].join('\n')
}

describe('deploy aws notes', () => {
  it.each<[string, Flags, string]>([
    ['a replaced instance', goldens['scar-3-environment'], 'note: p2.xlarge is of a generation'],
    ['a function that it does not make', goldens['scar-4-lambda'], 'note: scar-thumbnail runs in Lambda'],
  ])('%s', async (_what, flags, words) => {
    expect((await deployCommand(flags)).err).toContain(words)
  })
})
